// The live preview of an email: asks the server while somebody types, and shows the answer in a frame without scripts.
(() => {
    "use strict";
    const panel = document.querySelector("[data-email-preview]");
    if (!panel) return;
    const form = panel.closest("form");
    const find = (name) => panel.querySelector(`[data-${name}]`);
    const [stage, frame, text] = [find("stage"), find("frame"), find("text")];
    const WIDTH = { desktop: 700, dark: 700, phone: 375 };
    let shown = "desktop", answer = null, person = "", asked = 0, timer = 0, counted = "";

    const typed = () => {
        const data = new FormData(form);
        data.set("template", find("email") ? find("email").value : panel.dataset.template);
        if (person) data.set("contact", person);
        return data;
    };
    const post = async (address) => {
        const response = await fetch(address, { method: "POST", body: typed(), headers: { Accept: "application/json" } });
        if (!response.ok || response.redirected) throw new Error(response.status);
        return response;
    };

    const fit = () => {
        const width = WIDTH[shown];
        if (!width || !stage.clientWidth) return;
        const scale = Math.min(1, stage.clientWidth / width);
        const wide = shown === "phone" ? width : Math.max(width, stage.clientWidth);
        frame.style.width = `${wide}px`;
        frame.style.height = `${stage.clientHeight / scale}px`;
        frame.style.transform = scale < 1 ? `scale(${scale})` : "";
        frame.style.marginLeft = shown === "phone" && scale === 1 ? `${(stage.clientWidth - width) / 2}px` : "";
    };
    const draw = () => {
        stage.dataset.shown = shown;
        text.hidden = shown !== "text";
        frame.hidden = shown === "text";
        frame.style.display = frame.hidden ? "none" : "";
        fit();
        if (!answer) return;
        text.innerHTML = answer.text; // escaped by the server
        const html = shown === "dark" ? answer.dark : answer.light;
        if (frame.srcdoc === html) return;
        const place = frame.contentWindow ? frame.contentWindow.scrollY : 0;
        frame.onload = () => frame.contentWindow.scrollTo(0, place);
        frame.srcdoc = html;
    };
    const redraw = async () => {
        const turn = ++asked;
        try {
            const found = await (await post(panel.dataset.preview)).json();
            if (turn !== asked) return; // somebody typed on
            answer = found;
            find("sender").textContent = found.sender;
            find("subject").innerHTML = found.subject;
            find("preheader").innerHTML = found.preheader;
            if (find("notes").innerHTML !== found.notes) find("notes").innerHTML = found.notes;
            find("trouble").hidden = true;
            draw();
            count();
        } catch (error) {
            if (turn !== asked) return;
            find("trouble").textContent = "The preview cannot be drawn just now. What you typed is still here; it is tried again as you type on.";
            find("trouble").hidden = false;
        }
    };
    const count = async () => {
        if (!panel.dataset.coverage) return;
        const data = typed();
        const words = ["subject", "preheader", "body"].map((name) => data.get(name) || "").join(" ");
        const signs = [words.match(/\{\{[^{}]*\}\}/g), data.getAll("fallbacks_name"), data.getAll("fallbacks_words"), data.getAll("fallbacks_mode"), data.get("business_entity"), data.getAll("translation")].join();
        if (signs === counted) return;
        counted = signs;
        try {
            find("coverage-shown").innerHTML = await (await post(panel.dataset.coverage)).text();
        } catch (error) {
            counted = "";
        }
    };
    const soon = () => { clearTimeout(timer); timer = setTimeout(redraw, 350); };

    form.addEventListener("input", (event) => { if (!panel.contains(event.target)) soon(); });
    form.addEventListener("change", (event) => { if (!panel.contains(event.target) || event.target === find("email")) soon(); });
    if (window.jQuery) jQuery(form).on("change", "select", soon); // select2 tells jQuery alone
    for (const button of panel.querySelectorAll("[data-form]")) {
        button.addEventListener("click", () => {
            shown = button.dataset.form;
            for (const other of panel.querySelectorAll("[data-form]")) other.setAttribute("aria-pressed", String(other === button));
            draw();
        });
    }
    new ResizeObserver(fit).observe(stage);

    // For whom
    const search = find("person-search");
    if (search) {
        const [list, said, sample] = [find("people-found"), find("person-said"), find("sample")];
        let wait = 0, round = 0;
        const choose = (one) => {
            person = one ? one.id : "";
            said.textContent = one ? `With the values of ${one.name} (${one.more}).` : "With the values of an example person.";
            sample.hidden = !one;
            list.hidden = true;
            search.value = "";
            search.focus();
            redraw();
        };
        const offer = (people) => {
            list.replaceChildren(...people.map((one) => {
                const [line, button, more] = ["li", "button", "span"].map((name) => document.createElement(name));
                button.type = "button";
                button.textContent = `${one.name} `;
                more.textContent = one.more;
                more.className = "desk-faint";
                button.append(more);
                button.addEventListener("click", () => choose(one));
                line.append(button);
                return line;
            }));
            list.hidden = !people.length;
            said.textContent = people.length ? `${people.length} found. Press one.` : "Nobody found.";
        };
        const look = async () => {
            const turn = ++round;
            if (search.value.trim().length < 2) { list.hidden = true; return; }
            const response = await fetch(`${search.closest("[data-people]").dataset.people}?q=${encodeURIComponent(search.value)}`);
            if (response.ok && turn === round) offer((await response.json()).people);
        };
        search.addEventListener("input", () => { clearTimeout(wait); wait = setTimeout(look, 250); });
        search.addEventListener("keydown", (event) => {
            const first = list.querySelector("button");
            if (event.key === "Enter") { event.preventDefault(); if (first && !list.hidden) first.click(); }
            if (event.key === "ArrowDown" && first && !list.hidden) { event.preventDefault(); first.focus(); }
            if (event.key === "Escape") list.hidden = true;
        });
        list.addEventListener("keydown", (event) => {
            const step = { ArrowDown: "nextElementSibling", ArrowUp: "previousElementSibling" }[event.key];
            if (!step) return;
            event.preventDefault();
            const other = event.target.closest("li")[step];
            (other ? other.querySelector("button") : search).focus();
        });
        sample.addEventListener("click", () => choose(null));
    }

    // A test
    const send = find("send-test");
    if (send) {
        send.addEventListener("click", async () => {
            const place = find("test-said");
            send.disabled = true;
            place.textContent = "Sending…";
            const note = document.createElement("p");
            try {
                const said = await (await post(panel.dataset.test)).json();
                note.className = `desk-notice ${said.level}`;
                note.textContent = `${said.said} `;
                if (said.address) {
                    const link = document.createElement("a");
                    link.href = said.address;
                    link.textContent = said.remedy;
                    note.append(link);
                } else if (said.remedy) note.append(said.remedy);
            } catch (error) {
                note.className = "desk-notice is-bad";
                note.textContent = "The test could not be asked for. Load the page in a new tab to see whether you are still logged in.";
            }
            place.replaceChildren(note);
            send.disabled = false;
            send.focus({ preventScroll: true });
            note.scrollIntoView({ block: "nearest" });
        });
    }
    redraw();
})();
