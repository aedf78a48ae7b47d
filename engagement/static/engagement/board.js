// The board: cards are dragged, moved by Shift and an arrow, or from their menu. A card moves at once and goes back
// when the server refuses, with its reason.
"use strict";

(() => {
    let dragged = null;
    const columnOf = (card) => card.closest(".board-column");
    const columns = () => [...document.querySelectorAll(".board-column")];
    const cardsOf = (column) => [...column.querySelectorAll(".board-card")];

    const move = async (card, status) => {
        const from = columnOf(card), to = columns().find((one) => one.dataset.status === status);
        if (from === to || card.classList.contains("is-on-its-way")) return;
        const before = card.nextElementSibling, hadFocus = card.contains(document.activeElement);
        card.querySelector("details")?.removeAttribute("open");
        if (to) to.querySelector(".board-cards").prepend(card); else card.hidden = true;
        card.classList.add("is-on-its-way");
        if (hadFocus) card.focus();
        recount(from, to);
        const isDone = await Live.send(card.dataset.move, { status, from: from.dataset.status });
        card.classList.remove("is-on-its-way");
        if (!isDone) {
            from.querySelector(".board-cards").insertBefore(card, before);
            card.hidden = false;
            if (hadFocus) card.focus();
            recount(from, to);
        }
        Live.renew();
    };
    const recount = (...touched) => touched.filter(Boolean).forEach((column) => {
        const count = column.querySelector("[data-count]");
        if (!count.textContent.endsWith("+")) count.textContent = cardsOf(column).filter((card) => !card.hidden).length;
    });

    document.addEventListener("dragstart", (event) => {
        dragged = event.target.closest?.(".board-card[data-move]");
        if (!dragged) return;
        Live.hold(true);
        event.dataTransfer.effectAllowed = "move";
        event.dataTransfer.setData("text/plain", dragged.dataset.title);
        dragged.classList.add("is-dragged");
    });
    document.addEventListener("dragover", (event) => {
        if (!dragged) return;
        const over = event.target.closest?.(".board-column");
        columns().forEach((one) => one.classList.toggle("is-over", one === over && one !== columnOf(dragged)));
        if (over) event.preventDefault();
    });
    document.addEventListener("drop", (event) => {
        const over = event.target.closest?.(".board-column");
        if (!dragged || !over) return;
        event.preventDefault();
        move(dragged, over.dataset.status);
    });
    document.addEventListener("dragend", () => {
        dragged?.classList.remove("is-dragged");
        columns().forEach((one) => one.classList.remove("is-over"));
        dragged = null;
        Live.hold(false);
    });

    document.addEventListener("click", (event) => {
        const pressed = event.target.closest("button[data-to]");
        if (!pressed) return;
        event.preventDefault();
        move(pressed.closest(".board-card"), pressed.value);
    });

    document.addEventListener("keydown", (event) => {
        const card = event.target;
        if (!card.matches?.(".board-card") || event.ctrlKey || event.altKey || event.metaKey) return;
        const side = { ArrowLeft: -1, ArrowRight: 1 }[event.key], step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
        if (!side && !step) return;
        event.preventDefault();
        if (side && event.shiftKey) return shift(card, side);
        (side ? beside(card, side) : cardsOf(columnOf(card))[cardsOf(columnOf(card)).indexOf(card) + step])?.focus();
    });
    const shift = (card, side) => {
        const to = columns()[columns().indexOf(columnOf(card)) + side];
        if (!card.dataset.move) return Live.say("Your role does not move tasks.");
        if (!to) return Live.say(side > 0 ? "There is no column further to the right." : "There is no column further to the left.");
        move(card, to.dataset.status);
    };
    // The next column to that side that has a card, at about the same height.
    const beside = (card, side) => {
        const all = columns(), place = cardsOf(columnOf(card)).indexOf(card);
        for (let at = all.indexOf(columnOf(card)) + side; all[at]; at += side) {
            const found = cardsOf(all[at]);
            if (found.length) return found[Math.min(place, found.length - 1)];
        }
        return null;
    };
})();
