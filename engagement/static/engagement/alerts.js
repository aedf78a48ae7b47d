// Tells of an alert that came while somebody works on any page: once, in one of the open tabs.
"use strict";

(() => {
    const KEY = "desk-newest-alert";

    const tell = (bell) => {
        const newest = bell.dataset.newest, known = localStorage.getItem(KEY);
        if (!newest || (known && newest <= known)) return;
        localStorage.setItem(KEY, newest);
        if (known) show(bell.dataset);
    };

    let goes;
    const show = ({ title, address, for: target }) => {
        const news = document.getElementById("bell-news");
        const leads = Object.assign(document.createElement("a"), { href: address, textContent: title, className: "desk-link" });
        const close = Object.assign(document.createElement("button"), { type: "button", textContent: "Close" });
        const lead = Object.assign(document.createElement("span"), { textContent: `New alert for ${target}`, className: "desk-strong" });
        close.addEventListener("click", () => news.replaceChildren());
        news.replaceChildren(lead, leads, close);
        clearTimeout(goes);
        const leave = () => { news.matches(":hover, :focus-within") ? (goes = setTimeout(leave, 5000)) : news.replaceChildren(); };
        goes = setTimeout(leave, 20000);
    };

    document.addEventListener("htmx:afterSettle", (event) => {
        const bell = document.getElementById("bell");
        if (bell && (event.target === bell || event.detail.elt === bell)) tell(bell);
    });
    document.addEventListener("visibilitychange", () => {
        const bell = document.getElementById("bell");
        if (bell && document.visibilityState === "visible") htmx.trigger(bell, "renew");
    });
})();
