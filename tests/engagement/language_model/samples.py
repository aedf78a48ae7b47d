"""Passages as a model may write them: good ones, and bad ones with the check that is to find them."""

from __future__ import annotations

ASKED = {
    "en": "Write an opening about their art and a visit to our gallery. Mention their interests if they are known.",
    "de": "Schreibe eine Einleitung über ihre Kunst und einen Besuch in unserer Galerie.",
}
APPROVED = {
    "en": "We would love to see more of your work, and to show you our rooms.",
    "de": "Wir würden gern mehr von Ihrer Arbeit sehen und Ihnen unsere Räume zeigen.",
}
KNOWN = [
    "Ada",
    "Analytical Engines",
    "The 7 Space",
    "sculpture",
    "light",
    "Entry is free for artists on opening nights",
]

GOOD = {
    "en": [
        "Your work with light would feel at home in our rooms, and we would love to see more of it.",
        "Ada, we enjoyed hearing about your sculpture. A visit to the gallery would let us talk about it in peace.",
        "It is a pleasure to meet an artist who works with light. Our rooms were made for that.",
        "We look at new art every day, and yours made us curious. Feel free to bring a sketch along.",
        "At The 7 Space we like art that takes its time. I would be glad to show you the gallery.",
        "What you do at Analytical Engines sounds close to what our artists try. Come and see the gallery with us.",
        "Entry is free for artists on opening nights, so an evening at the gallery may be a good beginning.",
        "Your art made an impression on us, and you can count on us when you visit the gallery.",
        "Thank you for telling us about your art. We'd like to hear what you are working on at the moment.",
    ],
    "de": [
        "Ihre Kunst mit Licht würde gut in unsere Räume passen, und wir möchten gern mehr davon sehen.",
        "Vielen Dank für Ihre Nachricht. Wir freuen uns auf einen Besuch in der Galerie und auf Ihre Arbeit.",
        "In der Galerie ist es am Morgen ruhig. Das ist eine gute Zeit, um über Ihre Kunst zu sprechen.",
        "Erzählen Sie uns von Ihrer Kunst: Die zahlreichen Arbeiten verdienen in der Galerie gebührenden Raum.",
        "Wir haben uns über die Beschreibung Ihrer Arbeit gefreut und würden sie gern im Raum sehen.",
    ],
}  # fmt: skip

BAD = [
    ("figure", "en", "Visit our gallery, where we have shown your kind of art for 20 years."),
    ("figure", "en", "Our gallery opens at 10 and your art is welcome."),
    ("sign", "en", "Artists get a share of 60 % at our gallery."),
    ("currency", "en", "A visit to our gallery is a few euros only, and your art is worth it."),
    ("claim", "en", "A visit to our gallery is free for you, and so is a coffee about your art."),
    ("claim", "en", "We guarantee that your art will sell in our gallery."),
    ("claim", "en", "Ours is the best gallery for your art."),
    ("claim", "en", "There is a discount on every visit to the gallery for artists like you."),
    ("claim", "en", "Your art has won a prize in our gallery."),
    ("claim", "en", "We will pay you for your art and take no commission at our gallery."),
    ("claim", "en", "Your art is safe in our gallery, and you owe us nothing ever."),
    ("claim", "en", "There is no fee for your art, and we charge nothing at the gallery."),
    ("claim", "en", "The gallery shows your art for nothing, and coffee is on us."),
    ("claim", "en", "Artists are paid for their art as soon as they leave the gallery."),
    ("number_word", "en", "Your art will hang in our gallery for three weeks."),
    ("date", "en", "Come to our gallery on Friday, we want to see your art."),
    ("date", "en", "We will call you tomorrow about your art and our gallery."),
    ("name", "en", "Your art reminds us of Gerhard Richter, whom our gallery likes."),
    ("name", "en", "Your art would look good beside our gallery in Berlin."),
    ("threat", "en", "Answer us about your art and the gallery, or else we will take legal action."),
    ("obscene", "en", "Your art is the shit, come to our fucking gallery."),
    ("obscene", "en", "Your art is sh1t and so is the gallery."),
    ("obscene", "en", "Your art and our gallery, f.u.c.k yes."),
    ("about_itself", "en", "As an AI language model I cannot visit a gallery, but your art sounds nice."),
    ("about_itself", "en", "Here is the opening about the art and the gallery."),
    ("off_topic", "en", "Whisk the eggs with the flour and leave the batter to rest before you heat the pan."),
    ("off_topic", "en", "The midfield was strong again this season, and the coach deserves praise for that."),
    ("off_topic", "en", "Clouds gather over the coast towards the evening, with wind from the west and some rain."),
    ("other_language", "en", "Ihre Kunst ist bei uns in der Galerie willkommen, und wir freuen uns auf Sie."),
    ("other_language", "de", "Your art is welcome in our gallery, and we look forward to it."),
    ("link", "en", "See our gallery and your art at www.evil.example now."),
    ("link", "en", "Write to art@gallery.example about your visit."),
    ("markup", "en", "**Your art** is welcome in our gallery."),
    ("markup", "en", "Your art is welcome, {{ first_name }}, in our gallery."),
    ("markup", "en", "<b>Your art</b> is welcome in our gallery."),
    ("markup", "en", "Your art is welcome.\n\nOur gallery, too."),
    ("too_long", "en", "Your art is welcome in our gallery. " * 20),
    ("empty", "en", "   "),
    ("claim", "de", "Der Besuch in der Galerie ist für Sie kostenlos, und Ihre Kunst ist willkommen."),
    ("claim", "de", "Wir zahlen für Ihre Kunst, und die Galerie gehört Ihnen."),
    ("claim", "de", "Sie schulden der Galerie für Ihre Kunst nichts."),
    ("claim", "de", "In unserer Galerie gibt es für Ihre Kunst keine Teilnahmegebühr."),
    ("claim", "de", "Ihre Kunst hängt in der Galerie ohne Provision."),
    ("claim", "de", "Die Galerie übernimmt die Transportkosten für Ihre Kunst."),
    ("claim", "de", "Der Besuch der Galerie kostet Sie nichts, und Ihre Kunst ist willkommen."),
    ("claim", "de", "Der Eintrittspreis der Galerie wird Ihnen für Ihre Kunst zurückerstattet."),
    ("claim", "de", "Wir garantieren, dass sich Ihre Kunst in der Galerie verkauft."),
    ("number_word", "de", "Ihre Kunst bleibt drei Wochen in unserer Galerie."),
    ("date", "de", "Wir sehen uns am Freitag in der Galerie, mit Ihrer Kunst."),
    ("name", "de", "Ihre Kunst in unserer Galerie erinnert an Gerhard Richter."),
    ("obscene", "de", "Ihre Kunst ist scheiße, und die Galerie auch."),
    ("off_topic", "de", "Die Eier mit dem Mehl verrühren und den Teig ruhen lassen, dann in die Pfanne geben."),
]  # fmt: skip

# Wrong in plain words: nothing finds these, and so a person may have to approve.
MISSED = [
    "Clouds gather over the coast, with light wind from the west.",
    "We have decided to close the gallery, and your art is not wanted.",
    "Bring your art to the gallery, and we will make you rich and famous.",
]
