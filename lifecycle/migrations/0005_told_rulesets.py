"""Of whom the destinations were told that a ruleset is true: a new table."""

import django.db.models.deletion
import integrations.tenancy
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('integrations', '0026_suppressions'),
        ('lifecycle', '0004_onsite'),
    ]

    operations = [
        migrations.CreateModel(
            name='ToldRuleset',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('ruleset', models.CharField(max_length=40)),
                ('told_at', models.DateTimeField()),
                ('customer', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='integrations.customer')),
                ('merchant', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='integrations.merchant')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('merchant', 'customer', 'ruleset'), name='told_ruleset_once'), integrations.tenancy.SameMerchant(field='customer', name='told_ruleset_customer_same_merchant')],
            },
        ),
    ]
