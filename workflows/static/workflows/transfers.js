// Imports and exports: says at once what the server would say later, and keeps a button from being pressed twice.
"use strict";

const upload = document.getElementById("upload");
if (upload) {
    const file = upload.querySelector("input[type=file]");
    const error = document.getElementById("id_file_error");
    const limit = Number(upload.dataset.maxBytes);
    const check = () => {
        const chosen = file.files[0];
        const isTooLarge = Boolean(chosen) && chosen.size > limit;
        if (isTooLarge || !error.dataset.fromServer) {
            error.textContent = isTooLarge ? "The file is larger than 50 MB. Split it, or remove columns that nobody needs here." : "";
            error.hidden = !isTooLarge;
        }
        file.toggleAttribute("aria-invalid", isTooLarge);
        return !isTooLarge;
    };
    file.addEventListener("change", check);
    upload.addEventListener("submit", (event) => {
        if (!check()) {
            event.preventDefault();
            event.stopImmediatePropagation();
            file.focus();
        }
    });
}

for (const form of document.querySelectorAll(".lists-page form")) {
    form.addEventListener("submit", (event) => {
        const pressed = event.submitter;
        if (event.defaultPrevented || !pressed || !pressed.dataset.busy) return;
        pressed.dataset.said = pressed.textContent;
        pressed.textContent = pressed.dataset.busy;
        setTimeout(() => { pressed.disabled = true; });
    });
}

// Back in the browser's history the buttons work again.
window.addEventListener("pageshow", () => {
    for (const button of document.querySelectorAll("[data-said]")) {
        button.textContent = button.dataset.said;
        button.disabled = false;
    }
});

for (const group of document.querySelectorAll("[data-ticks]")) {
    for (const button of group.querySelectorAll("[data-tick]")) {
        button.hidden = false;
        button.addEventListener("click", () => {
            for (const box of group.querySelectorAll("input[type=checkbox]")) box.checked = button.dataset.tick === "all";
        });
    }
}

// Whoever cannot see the bar hears every tenth part of the way, and no more often.
const heard = document.getElementById("progress-heard");
if (heard) {
    const tell = () => {
        const bar = document.querySelector("#progress progress");
        if (!bar) return;
        const tenth = Math.floor((10 * bar.value) / Math.max(bar.max, 1)) * 10;
        const words = `${bar.getAttribute("aria-label")}: ${tenth} %`;
        if (heard.textContent !== words) heard.textContent = words;
    };
    tell();
    document.body.addEventListener("htmx:afterSettle", tell);
}
