// Help with writing: asks for a proposal and shows it beside the fields; a press takes it over.
(() => {
    "use strict";
    const panel = document.querySelector("[data-writing-help]");
    if (!panel) return;
    const form = panel.closest("form");
    const result = panel.querySelector("[data-help-result]");
    const buttons = panel.querySelectorAll("[data-help-kind]");
    const value = (name) => { const field = panel.querySelector(`[data-help-${name}]`); return field ? field.value : ""; };
    const paragraph = (text, kind) => {
        const made = document.createElement("p");
        made.className = kind;
        made.textContent = text;
        return made;
    };
    const option = (one) => {
        const made = document.createElement("div");
        made.className = "desk-stack";
        made.append(paragraph(`${one.label}: ${one.text}`, "desk-words"));
        const field = one.field && form.elements[one.field];
        if (field) {
            const take = document.createElement("button");
            take.type = "button";
            take.className = "desk-button is-small";
            take.textContent = `Take over as ${one.field}`;
            take.addEventListener("click", () => {
                field.value = one.text;
                field.dispatchEvent(new Event("input", { bubbles: true }));
                field.focus();
            });
            made.append(take);
        }
        return made;
    };
    const ask = async (kind) => {
        const data = new FormData(form);
        data.set("kind", kind);
        data.set("brief", value("brief"));
        data.set("language", value("language"));
        data.set("reply", panel.dataset.reply || "");
        buttons.forEach((button) => { button.disabled = true; });
        result.replaceChildren(paragraph("The language model is writing…", "desk-faint"));
        try {
            const headers = { Accept: "application/json" };
            const answer = await fetch(panel.dataset.writingHelp, { method: "POST", body: data, headers });
            if (!answer.ok || answer.redirected) throw new Error(answer.status);
            const found = await answer.json();
            const shown = found.options.map(option);
            if (found.said) shown.push(paragraph(found.said, "desk-notice is-warn"));
            found.doubts.forEach((doubt) => shown.push(paragraph(`Look twice: ${doubt}.`, "desk-notice is-warn")));
            result.replaceChildren(...shown);
        } catch (error) {
            result.replaceChildren(paragraph("No proposal could be fetched. Try again, or load the page in a new tab.", "desk-notice is-bad"));
        }
        buttons.forEach((button) => { button.disabled = false; });
    };
    buttons.forEach((button) => button.addEventListener("click", () => ask(button.dataset.helpKind)));
})();
