from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("contacts", "0009_voice_of_brands")]

    operations = [
        migrations.AddField(
            model_name="preference",
            name="actor",
            field=models.CharField(
                blank=True, db_default="", default="", help_text="Who chose so; empty: the person.", max_length=150
            ),
        ),
    ]
