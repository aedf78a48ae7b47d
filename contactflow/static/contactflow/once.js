// What a form asks for is asked once, however often its button is pressed while the answer is on its way.
"use strict";

const PATIENCE = 10000; // ms; then a page that is still there may have kept its reader waiting in vain
const sentAt = new WeakMap();

document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.getAttribute("method")?.toLowerCase() !== "post") return;
    if (Date.now() - (sentAt.get(form) ?? -PATIENCE) < PATIENCE) event.preventDefault();
    else sentAt.set(form, Date.now());
});

// Back in the browser's history the form may be sent anew.
window.addEventListener("pageshow", (event) => {
    if (event.persisted) for (const form of document.forms) sentAt.delete(form);
});
