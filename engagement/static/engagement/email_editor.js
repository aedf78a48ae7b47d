// The editor of an email: puts variables where somebody last typed, adds and removes rows, and leads to a fault's line.
(() => {
    "use strict";
    const form = document.getElementById("engagementtemplate_form");
    const variables = form && form.querySelector("[data-variables]");
    if (!variables) return;
    const said = variables.querySelector("[data-said]");
    const level = form.querySelector("[name=level]");
    const levels = [...variables.querySelectorAll("[data-level]")];
    let last = form.querySelector("[name=body]");

    form.addEventListener("focusin", (event) => { if (event.target.matches("[data-insertable]")) last = event.target; });
    const tell = (field) => field.dispatchEvent(new Event("input", { bubbles: true }));
    const insert = (variable) => {
        last.focus();
        last.setRangeText(variable, last.selectionStart, last.selectionEnd, "end");
        tell(last);
        said.textContent = `${variable} stands in the ${last.name} now.`;
    };

    const rankOf = (value) => Number((levels.find((one) => one.dataset.level === value) || levels[0]).dataset.rank);
    const lock = () => {
        const rank = rankOf(level.value);
        for (const one of levels) {
            const isLocked = Number(one.dataset.rank) > rank;
            if (!isLocked) one.open = true;
            one.querySelector("[data-lock]").hidden = !isLocked;
            for (const button of one.querySelectorAll("[data-insert]")) button.setAttribute("aria-disabled", String(isLocked));
        }
        const passages = form.querySelector("[data-passages]");
        passages.hidden = level.value !== "premium" && !passages.querySelector("[data-row]");
    };
    level.addEventListener("change", lock);
    if (window.jQuery) jQuery(level).on("change", lock); // select2 tells jQuery alone
    lock();

    form.addEventListener("click", (event) => {
        const button = event.target.closest("button");
        if (!button) return;
        if (button.dataset.insert) {
            const group = button.closest("[data-level]");
            if (button.getAttribute("aria-disabled") === "true") {
                said.textContent = `${button.textContent.trim()} needs the level ${group.querySelector(".desk-strong").textContent}. Raise the level of this email first.`;
            } else insert(button.dataset.insert);
        } else if ("insertPassage" in button.dataset) {
            const field = button.closest("[data-row]").querySelector("[name=passages_name]");
            const name = field.value.trim();
            const quote = name.includes('"') ? "'" : '"'; // in brackets it may be called as anything in Liquid
            if (name) insert(`{{ passage[${quote}${name}${quote}] }}`); else field.focus();
        } else if ("addRow" in button.dataset) {
            const rows = button.closest("[data-rows]");
            const blank = rows.querySelector(":scope > template") || document.getElementById(`${rows.dataset.rows}-row`);
            const row = blank.content.firstElementChild.cloneNode(true);
            rows.querySelector("[data-rows-list]").append(row);
            row.querySelector("input").focus();
        } else if ("removeRow" in button.dataset) {
            const rows = button.closest("[data-rows]");
            button.closest("[data-row]").remove();
            rows.querySelector("[data-add-row]").focus();
            tell(form.querySelector("[name=body]"));
        }
    });

    // Words that stand in are only asked for where they do.
    const show = (row) => {
        const words = row.querySelector("[name$=fallbacks_words]");
        words.readOnly = row.querySelector("[name$=fallbacks_mode]").value !== "write";
        words.style.opacity = words.readOnly ? ".5" : "";
    };
    form.addEventListener("change", (event) => { if ((event.target.name || "").endsWith("fallbacks_mode")) show(event.target.closest("[data-row]")); });
    for (const select of form.querySelectorAll("[name$=fallbacks_mode]")) show(select.closest("[data-row]"));

    // The languages: one at a time, the original beside it.
    const bar = form.querySelector("[data-languages]");
    const shown = form.querySelector("[data-shown-language]");
    const original = form.querySelector("[data-original-words]");
    const panels = form.querySelector("[data-translations]");
    const panelOf = (language) => panels.querySelector(`[data-translation="${CSS.escape(language)}"]`);
    const beside = (panel) => {
        for (const place of panel.querySelectorAll("[data-original]")) place.textContent = form.elements[place.dataset.original].value;
    };
    const choose = (language) => {
        shown.value = language;
        original.hidden = Boolean(language);
        for (const panel of panels.children) panel.hidden = panel.dataset.translation !== language;
        for (const button of bar.children) button.setAttribute("aria-pressed", String(button.dataset.language === language));
        const panel = language && panelOf(language);
        if (panel) beside(panel);
        last = panel ? panel.querySelector("[data-part=body]") : form.elements.body;
        tell(last);
    };
    bar.addEventListener("click", (event) => {
        const button = event.target.closest("[data-language]");
        if (button) choose(button.dataset.language);
    });
    form.querySelector("[data-add-language]").addEventListener("change", (event) => {
        const { value, selectedOptions: [option] } = event.target;
        event.target.value = "";
        if (!value) return;
        if (!panelOf(value)) {
            const holder = document.createElement("div");
            holder.innerHTML = document.getElementById("blank-translation").innerHTML.replaceAll("__language__", value); // a tag the server offered
            holder.querySelector(".desk-help").firstChild.textContent = holder.querySelector(".desk-help").textContent.replace(value, option.textContent);
            panels.append(holder.firstElementChild);
            const button = document.createElement("button");
            button.type = "button";
            button.className = "desk-button is-small";
            button.dataset.language = value;
            button.textContent = option.textContent;
            bar.append(button);
        }
        choose(value);
    });
    panels.addEventListener("click", (event) => {
        const button = event.target.closest("button");
        const panel = button && button.closest("[data-translation]");
        if (!panel) return;
        if ("copyOriginal" in button.dataset) {
            for (const field of panel.querySelectorAll("[data-part]")) {
                if (!field.value.trim()) field.value = form.elements[field.dataset.part].value;
            }
            tell(panel.querySelector("[data-part=body]"));
        } else if ("removeTranslation" in button.dataset) {
            bar.querySelector(`[data-language="${CSS.escape(panel.dataset.translation)}"]`).remove();
            panel.remove();
            choose("");
            bar.firstElementChild.focus();
        }
    });

    // "Line 3: ..." leads there.
    for (const fault of form.querySelectorAll("[data-errors-of] li")) {
        const line = /^Line (\d+):/.exec(fault.textContent.trim());
        const field = form.elements[fault.parentElement.dataset.errorsOf];
        if (!line || !field || field.tagName !== "TEXTAREA") continue;
        const button = document.createElement("button");
        button.type = "button";
        button.className = "desk-button is-small";
        button.textContent = `Go to line ${line[1]}`;
        button.addEventListener("click", () => {
            const lines = field.value.split("\n");
            const start = lines.slice(0, line[1] - 1).join("\n").length + (line[1] > 1 ? 1 : 0);
            field.focus();
            field.setSelectionRange(start, start + (lines[line[1] - 1] || "").length);
        });
        fault.append(" ", button);
    }
})();
