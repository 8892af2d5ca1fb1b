import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

FIRST = (
    '{"name":"record-confidence","version":1,"identity":{"levels":[0,5,20,30,40]},"record":{"each_work":2,"most":30},'
    '"corroboration":{"each_close":1,"most_close":10,"each_agreeing":1,"most_agreeing":5},'
    '"network":{"each_verified":5,"most":15},"conflicts":{"identifiers":5},"words":{"strong":70,"solid":40,"fair":15}}'
)


class Migration(migrations.Migration):

    dependencies = [
        ('graph', '0003_notifications'),
    ]

    operations = [
        migrations.CreateModel(
            name='TrustModel',
            fields=[
                ('version', models.CharField(max_length=40, primary_key=True, serialize=False)),
                ('weights', models.TextField()),
                ('first_used_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
        ),
        # The weights of the receipts that are there: until now they were in the program.
        migrations.RunSQL(
            [("INSERT INTO graph_trustmodel (version, weights) VALUES ('record-confidence/1', %s)", [FIRST])],
            migrations.RunSQL.noop,
        ),
        migrations.CreateModel(
            name='SurroundingsState',
            fields=[
                ('stamp', models.CharField(max_length=64, primary_key=True, serialize=False)),
            ],
        ),
        migrations.CreateModel(
            name='Surroundings',
            fields=[
                ('researcher', models.OneToOneField(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='+', serialize=False, to='profiles.researcher')),
                ('verified', models.IntegerField()),
                ('given', models.IntegerField()),
                ('carried', models.IntegerField()),
                ('shared', models.IntegerField()),
            ],
        ),
        migrations.CreateModel(
            name='StaleSurroundings',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('marked_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
        ),
        migrations.AlterField(
            model_name='trustsnapshot',
            name='model_version',
            field=models.ForeignKey(db_column='model_version', db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='graph.trustmodel'),
        ),
    ]
