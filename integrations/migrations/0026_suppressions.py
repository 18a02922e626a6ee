"""Suppressed addresses and their comparison with the destination: two new tables. The words alone are new of the others."""

import django.db.models.deletion
import integrations.tenancy
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('integrations', '0025_told_elsewhere'),
    ]

    operations = [
        migrations.AlterField(
            model_name='delivery',
            name='reason',
            field=models.CharField(blank=True, choices=[('', '-'), ('before_launch', 'waits for the launch date'), ('no_identity', 'the shopper has no e-mail address and no phone number'), ('before_window', 'older than the launch window'), ('metric_off', 'the metric was turned off'), ('no_longer_true', 'it was no longer true when it was to be sent'), ('rejected', 'the destination refused it'), ('exhausted', 'every attempt failed'), ('uncertain', 'may have arrived; it is not sent again unasked'), ('erased', "the shopper's data was erased"), ('opted_out', 'the shopper opted out later than they consented'), ('scope_missing', 'the key lacks a scope for it'), ('told_elsewhere', 'the same was told by another metric'), ('follows', 'waits until the event that it follows is accepted'), ('not_followed', 'the event that it follows is not sent'), ('too_old', 'too old to start anything, and there it can do nothing else')], default='', max_length=16),
        ),
        migrations.AlterField(
            model_name='profilechange',
            name='kind',
            field=models.CharField(choices=[('subscribe', 'Subscribe to marketing'), ('unsubscribe', 'Unsubscribe from marketing'), ('suppress', 'Suppress e-mail'), ('list_add', 'Add to a list'), ('list_remove', 'Take off a list'), ('upsert', 'Update the profile'), ('merge', 'Merge two profiles'), ('erase', 'Erase the profile')], max_length=12),
        ),
        migrations.CreateModel(
            name='Suppression',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('email', models.CharField(max_length=254)),
                ('reason', models.CharField(choices=[('dead', 'the status is Dead'), ('not_mailed', "not subscribed to e-mail, says the merchant's system"), ('opted_out', 'unsubscribed from e-mail'), ('found', 'found suppressed at Klaviyo')], max_length=12)),
                ('suppressed_at', models.DateTimeField()),
                ('lifted_at', models.DateTimeField(null=True)),
                ('seen_at', models.DateTimeField(null=True)),
                ('missing_since', models.DateTimeField(null=True)),
                ('asked_again_at', models.DateTimeField(null=True)),
                ('change', models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='integrations.profilechange')),
                ('customer', models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='integrations.customer')),
                ('merchant', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='integrations.merchant')),
            ],
            options={
                'indexes': [models.Index(fields=['merchant', '-suppressed_at', '-id'], name='suppression_by_time'), models.Index(fields=['merchant', 'customer'], name='suppression_by_customer')],
                'constraints': [models.UniqueConstraint(fields=('merchant', 'email'), name='suppression_once'), integrations.tenancy.SameMerchant(field='customer', name='suppression_customer_same_merchant'), integrations.tenancy.SameMerchant(field='change', name='suppression_change_same_merchant')],
            },
        ),
        migrations.CreateModel(
            name='SuppressionCheck',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('began_at', models.DateTimeField(null=True)),
                ('cursor', models.CharField(blank=True, max_length=500)),
                ('counted', models.PositiveIntegerField(default=0)),
                ('finished_at', models.DateTimeField(null=True)),
                ('seen', models.PositiveIntegerField(default=0)),
                ('missing', models.PositiveIntegerField(default=0)),
                ('found', models.PositiveIntegerField(default=0)),
                ('error', models.CharField(blank=True, max_length=300)),
                ('connection', models.OneToOneField(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='suppression_check', to='integrations.connection')),
                ('merchant', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='integrations.merchant')),
            ],
            options={
                'constraints': [integrations.tenancy.SameMerchant(field='connection', name='suppression_check_connection_same_merchant')],
            },
        ),
    ]
