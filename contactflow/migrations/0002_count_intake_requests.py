import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("contactflow", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="IntakeWindow",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("address", models.CharField(max_length=64, unique=True)),
                ("began_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("requests", models.PositiveIntegerField(default=0)),
            ],
        ),
    ]
