from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("contacts", "0011_language_of_brands"),
    ]

    operations = [
        migrations.AddField(
            model_name="businessentity",
            name="tracks_by_hand",
            field=models.BooleanField(
                db_default=False,
                default=False,
                help_text="Follow in what colleagues write themselves whatever is ticked above. What one person writes to another is usually not watched.",
                verbose_name="also in mails written by hand",
            ),
        ),
    ]
