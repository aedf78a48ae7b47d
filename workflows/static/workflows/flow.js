// The form of a workflow: steps and follow-up emails are added, moved and removed here; the server reads their order.
// Every change is told as "workflow-changed", on which the timeline is drawn again.
(() => {
    const form = document.getElementById("workflow-form");
    if (!form) return;
    const list = form.querySelector("[data-steps]");
    const minutes = {minutes: 1, hours: 60, days: 1440};
    let made = 0;
    let isChanged = false;

    const steps = () => [...list.querySelectorAll(":scope > [data-step]")];
    const said = (words) => { form.querySelector("[data-said]").textContent = words; };

    function changed() {
        isChanged = true;
        steps().forEach((step, index) => {
            step.querySelectorAll("[data-number]").forEach((place) => { place.textContent = index + 1; });
        });
        form.dispatchEvent(new CustomEvent("workflow-changed"));
    }

    function copyOf(id, names) {
        let html = document.getElementById(id).innerHTML;
        Object.entries(names).forEach(([name, value]) => { html = html.replaceAll(name, value); });
        const place = document.createElement("template");
        place.innerHTML = html.trim();
        return place.content.firstElementChild;
    }

    function moved(step, button, word) {
        changed();
        step.classList.add("is-moved");
        setTimeout(() => step.classList.remove("is-moved"), 800);
        button.focus();
        said(`Now step ${steps().indexOf(step) + 1} of ${steps().length}${word}`);
    }

    function offerUndo(step, next) {
        const place = form.querySelector("[data-undo-place]");
        const undo = document.createElement("button");
        undo.type = "button";
        undo.className = "desk-button is-small";
        undo.textContent = "Bring the removed step back";
        undo.addEventListener("click", () => {
            list.insertBefore(step, next && next.isConnected ? next : null);
            undo.remove();
            changed();
            step.querySelector("select").focus();
        });
        place.replaceChildren(undo);
        undo.focus();
    }

    const doing = {
        add() {
            made += 1;
            const step = copyOf("blank-step", {__step__: `n${made}`});
            const last = steps().at(-1);
            list.append(step);
            if (last) {
                ["amount", "unit"].forEach((name) => {
                    step.querySelector(`[name$="-${name}"]`).value = last.querySelector(`[name$="-${name}"]`).value;
                });
            }
            changed();
            step.querySelector("select").focus();
        },
        up(step, button) {
            const before = step.previousElementSibling;
            if (before) before.before(step);
            moved(step, button, before ? "" : ", it is the first");
        },
        down(step, button) {
            const after = step.nextElementSibling;
            if (after) after.after(step);
            moved(step, button, after ? "" : ", it is the last");
        },
        remove(step) {
            const next = step.nextElementSibling;
            step.remove();
            changed();
            said("Step removed.");
            offerUndo(step, next);
        },
        sort() {
            const at = (step) => (parseFloat(step.querySelector('[name$="-amount"]').value) || 0)
                * minutes[step.querySelector('[name$="-unit"]').value];
            list.append(...steps().sort((one, other) => at(one) - at(other)));
            changed();
            said("The steps are in order of time.");
        },
        "add-touch"(step) {
            made += 1;
            const touch = copyOf("blank-touch", {__step__: step.dataset.step, __touch__: `n${made}`});
            const taken = [...step.querySelectorAll('[data-touch] input[name$="-day"]')].map((input) => input.value);
            const usual = document.getElementById("blank-touch").dataset.days.split(" ");
            touch.querySelector('input[name$="-day"]').value = usual.find((day) => !taken.includes(day)) ?? "";
            step.querySelector("[data-touches]").append(touch);
            changed();
            touch.querySelector('input:not([type="hidden"])').focus();
        },
        "remove-touch"(step, button) {
            button.closest("[data-touch]").remove();
            changed();
            step.querySelector('[data-do="add-touch"]').focus();
        },
    };

    form.addEventListener("click", (event) => {
        const button = event.target.closest("[data-do]");
        if (button) doing[button.dataset.do](button.closest("[data-step]"), button);
    });
    form.addEventListener("input", (event) => {
        isChanged = true;
        const step = event.target.closest("[data-step]");
        if (!step) return;
        if (event.target.name.endsWith("-action_type")) {
            for (const field of step.querySelectorAll("[data-for]")) {
                field.hidden = !field.dataset.for.split(" ").includes(event.target.value);
            }
        }
        if (event.target.name === `step-${step.dataset.step}-template`) {
            const link = step.querySelector("[data-email-link]");
            const chosen = event.target.value;
            link.href = chosen ? `${link.dataset.base}${chosen}/change/` : link.dataset.base;
            link.firstChild.textContent = chosen ? "Open this email" : "Open the emails";
        }
    });
    list.addEventListener("workflow-changed", (event) => { event.stopPropagation(); changed(); });  // dragged
    form.addEventListener("submit", () => { isChanged = false; });
    window.addEventListener("beforeunload", (event) => { if (isChanged) event.preventDefault(); });
})();
