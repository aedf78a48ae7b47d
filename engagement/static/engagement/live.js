// Pages that renew themselves, and buttons that act without leaving the page. Without this file both work by reloading.
"use strict";

window.Live = (() => {
    let isHeld = false;  // somebody is dragging
    const region = () => document.getElementById("live");

    const isTyping = () => {
        const at = document.activeElement;
        return Boolean(at && at.closest("#live") && at.matches("input:not([type=checkbox]), select, textarea"));
    };
    const isInTheMiddle = () => isHeld || isTyping() || Boolean(
        region()?.querySelector("details[open], input.action-select:checked, #action-toggle:checked, .is-on-its-way"));

    const isIdle = () => document.visibilityState === "visible" && !isInTheMiddle();
    const renew = () => ["live", "bell"].forEach((id) => {
        const one = document.getElementById(id);
        if (one) htmx.trigger(one, "renew");
    });
    const hold = (now) => { isHeld = now; };

    // One sentence about what has just happened, read out, with a way back where there is one.
    let goes;
    const say = (sentence, { isBad = false, undo = null } = {}) => {
        const said = document.getElementById("said");
        clearTimeout(goes);
        said.classList.toggle("is-bad", isBad);
        said.replaceChildren(Object.assign(document.createElement("span"), { textContent: sentence }));
        if (undo) said.append(button("Undo", () => { said.replaceChildren(); undo(); }));
        said.append(button("Close", () => said.replaceChildren()));
        const leave = () => { said.matches(":hover, :focus-within") ? (goes = setTimeout(leave, 4000)) : said.replaceChildren(); };
        if (!isBad) goes = setTimeout(leave, 10000);
    };
    const button = (words, act) => {
        const made = Object.assign(document.createElement("button"), { type: "button", textContent: words });
        made.addEventListener("click", act);
        return made;
    };

    // Sends a deed; true when it was done. Whatever goes wrong is said in words.
    const send = async (address, fields) => {
        const body = new FormData();
        Object.entries(fields).forEach(([name, value]) => body.append(name, value));
        body.append("csrfmiddlewaretoken", document.querySelector("[name=csrfmiddlewaretoken]").value);
        let answer, said = {};
        try {
            answer = await fetch(address, { method: "POST", body, headers: { Accept: "application/json" } });
            said = await answer.json().catch(() => ({}));
        } catch {
            say("Not saved: Contactflow could not be reached. Look at your connection and try again.", { isBad: true });
            return false;
        }
        if (!answer.ok) {
            say(said.said || refusal(answer.status), { isBad: true });
            return false;
        }
        const undo = said.undo && (async () => { await send(address, said.undo); renew(); });
        say(said.said || "Done.", { undo });
        return true;
    };
    const refusal = (status) => ({
        403: "Not saved: you may not do this, or you have been logged out. Reload the page.",
        404: "Not saved: it is not there any more. Reload the page.",
    })[status] || "Not saved: something went wrong here. Try again in a moment.";

    document.addEventListener("click", async (event) => {
        const pressed = event.target.closest("button[data-quick]");
        if (!pressed) return;
        event.preventDefault();
        pressed.disabled = true;
        const fields = pressed.name ? { [pressed.name]: pressed.value } : {};
        const next = neighbour(pressed);
        await send(pressed.formAction, fields);
        pressed.disabled = false;
        pressed.closest("details")?.removeAttribute("open");
        pressed.focus();
        goTo = next;
        renew();
    });

    // The row may leave the list with what was done: then the next one's first button is where the keyboard goes on.
    let goTo = [];
    const neighbour = (pressed) => {
        const row = pressed.closest("tbody, article");
        return [pressed.id, row?.nextElementSibling?.querySelector("button[data-quick]")?.id,
            row?.previousElementSibling?.querySelector("button[data-quick]")?.id].filter(Boolean);
    };

    const scrolls = new Map();
    document.addEventListener("htmx:beforeSwap", (event) => {
        if (event.detail.target.id !== "live") return;
        scrolls.clear();
        event.detail.target.querySelectorAll("[data-keep-scroll]").forEach((one) => scrolls.set(one.id, one.scrollTop));
        const at = document.activeElement;
        if (!goTo.length && at?.id && event.detail.target.contains(at)) goTo = [at.id];
    });
    document.addEventListener("htmx:afterSwap", (event) => {
        if (event.detail.target.id !== "live") return;
        scrolls.forEach((top, id) => { const one = document.getElementById(id); if (one) one.scrollTop = top; });
        const wanted = goTo;
        goTo = [];
        // Only then: the scroll bars of a list move its rows once more, and what is moved loses the focus.
        setTimeout(() => wanted.map((id) => document.getElementById(id)).find(Boolean)?.focus({ preventScroll: true }), 50);
    });

    return { isIdle, renew, hold, say, send };
})();
