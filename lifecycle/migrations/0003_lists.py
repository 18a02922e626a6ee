"""Which list whoever has a status is on: a new table."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('integrations', '0026_suppressions'),
        ('lifecycle', '0002_activity'),
    ]

    operations = [
        migrations.CreateModel(
            name='StatusList',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('status', models.CharField(max_length=120)),
                ('list_id', models.CharField(max_length=40)),
                ('filled_to', models.BigIntegerField(default=0)),
                ('is_filled', models.BooleanField(default=False)),
                ('merchant', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='integrations.merchant')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('merchant', 'status'), name='status_list_once')],
            },
        ),
    ]
