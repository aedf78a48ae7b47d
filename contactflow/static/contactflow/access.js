// What Unfold leaves to the mouse and the eye: names for its select boxes, keys for what it makes of plain elements.
"use strict";

const ICON_NAMES = {
    add: "Add",
    arrow_back: "Back",
    close: "Close the menu",
    dock_to_right: "Show or hide the menu",
    filter_list: "Filters",
    hub: "Contactflow",
    more_horiz: "More",
    more_vert: "More",
    search: "Search",
};
const PRESSABLE = "a[href], button, input, select, textarea, summary, label";

function nameSelect(select) {
    const box = select.nextElementSibling;
    const label = select.id && document.querySelector(`label[for="${CSS.escape(select.id)}"]`);
    const words = (select.getAttribute("aria-label") || label?.textContent || "").replace(/[*:]\s*$/, "").trim();
    if (!box?.matches(".select2-container") || !words || select.dataset.named) return;
    select.dataset.named = words;
    for (const part of box.querySelectorAll("[role=textbox], [role=searchbox]")) part.setAttribute("aria-label", words);
    box.querySelector("ul.select2-selection__rendered")?.setAttribute("aria-label", `${words}: chosen`);
}

// The list of what can be chosen is made when it is first opened.
function nameOpened(event) {
    const words = event.target.dataset.named || "Choices";
    document.querySelector(".select2-container--open .select2-search--dropdown input")?.setAttribute("aria-label", `Search: ${words}`);
    document.querySelector(".select2-container--open [role=listbox]")?.setAttribute("aria-label", words);
}

// Several choices are taken away one by one; a cross for all of them would stand within their list, which it must not.
function keepList(select) {
    select.dataset.allowClear = "false";
}

function bringKeys(element) {
    if (element.matches(`${PRESSABLE}, .fixed`) || element.querySelector(PRESSABLE) || !element.textContent.trim()) return;
    element.tabIndex = 0;
    if (!element.matches("h1, h2, h3, h4")) element.setAttribute("role", "button");
    const name = element.matches(".material-symbols-outlined") && ICON_NAMES[element.textContent.trim()];
    if (name) element.setAttribute("aria-label", name);
    element.addEventListener("keydown", (event) => {
        if (event.target !== element || (event.key !== "Enter" && event.key !== " ")) return;
        event.preventDefault();
        element.click();
    });
}

// The name of an icon is a word of its font, not for people.
function hideIcon(icon) {
    const holder = icon.closest("a, button, [role=button], summary");
    if (icon.hasAttribute("aria-hidden") || icon === holder) return;
    if (holder && !namedWithoutIcons(holder)) holder.setAttribute("aria-label", ICON_NAMES[icon.textContent.trim()] || icon.textContent.trim());
    icon.setAttribute("aria-hidden", "true");
}

function namedWithoutIcons(holder) {
    const plain = holder.cloneNode(true);
    plain.querySelectorAll(".material-symbols-outlined").forEach((icon) => icon.remove());
    return plain.textContent.trim() || holder.title || holder.getAttribute("aria-label");
}

function attend() {
    document.querySelectorAll("select.select2-hidden-accessible:not([data-named])").forEach(nameSelect);
    document.querySelectorAll("[x-on\\:click]:not([tabindex])").forEach(bringKeys);
    document.querySelectorAll(".material-symbols-outlined:not([aria-hidden])").forEach(hideIcon);
}

// Escape closes whatever was opened by a click, as a click beside it would.
function closeMenus(event) {
    if (event.key !== "Escape" || event.defaultPrevented) return;
    document.body.dispatchEvent(new MouseEvent("click", { bubbles: true }));
    const sidebarCross = document.querySelector("#nav-sidebar [x-on\\:click^='sidebarMobileOpen']");
    if (sidebarCross?.checkVisibility()) sidebarCross.click();
}

document.addEventListener("DOMContentLoaded", () => {
    document.querySelectorAll("select.admin-autocomplete[multiple]").forEach(keepList);
    const content = document.getElementById("content");
    content?.setAttribute("role", "main");
    content?.setAttribute("tabindex", "-1");
    attend();
    new MutationObserver(attend).observe(document.body, { childList: true, subtree: true });
    globalThis.django?.jQuery?.(document).on("select2:open", nameOpened);
    document.addEventListener("keydown", closeMenus);
});

// A page is shown when every script that hears what is typed and pressed is there; letters before that would be lost.
document.documentElement.dataset.loading = "";
document.addEventListener("DOMContentLoaded", () => {
    delete document.documentElement.dataset.loading;
    if (document.activeElement === document.body) document.querySelector("[autofocus]")?.focus();
});
