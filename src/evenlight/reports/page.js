/* The one script of the page: sort, search, paging, hover, where from. The page reads whole without it. */
(() => {
  "use strict";
  const SVG = "http://www.w3.org/2000/svg", PAGE = 50, REST = 400, MARK = "\u0001", MINUS = "\u2212";

  /* A phrase in the page's language, with values in its {places} (reports/words_script.py); English without a table. */
  const spoken = document.getElementById("words"), phrases = spoken ? JSON.parse(spoken.textContent) : {};
  const t = (phrase, values = {}) => (phrases[phrase] || phrase).replace(/\{(\w+)\}/g, (place, name) => values[name] ?? place);
  const make = (tag, about = {}, ...inside) => {
    const made = document.createElement(tag);
    for (const [key, value] of Object.entries(about)) made.setAttribute(key, value);
    made.append(...inside);
    return made;
  };
  const sign = (word) => {
    const svg = document.createElementNS(SVG, "svg"), use = document.createElementNS(SVG, "use");
    for (const [k, v] of [["class", "icon"], ["width", 16], ["height", 16], ["aria-hidden", "true"]]) svg.setAttribute(k, v);
    use.setAttribute("href", "#i-" + word);
    svg.append(use);
    return svg;
  };

  /* What a cell is sorted by: its first number, else its words; what has no number comes last. */
  const NUMBER = /^[<\s]*([+\u2212-]?)([\d,]+(?:\.\d+)?)(?=$|[\s%\u00a0[])/;
  const rank = (text) => {
    const found = NUMBER.exec(text.trim());
    if (!found) return text.trim().toLowerCase();
    const size = parseFloat(found[2].replaceAll(",", ""));
    return found[1] && found[1] !== "+" ? -size : size;
  };
  const collate = new Intl.Collator("en", { numeric: true });
  const compare = (a, b, down) => {
    const first = typeof a === "number", second = typeof b === "number";
    if (first !== second) return first ? -1 : 1;
    return (first ? a - b : collate.compare(a, b)) * (down ? -1 : 1);
  };

  /* A head that sorts: a button in it, the state in aria-sort. */
  const sortable = (head, sort) => {
    const button = make("button", { type: "button", class: "sort" });
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      for (const other of head.parentNode.children) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      sort(down);
    });
  };
  const enhance = (table) => {
    const body = table.tBodies[0], heads = [...table.tHead.rows[0].cells];
    if (table.tBodies.length !== 1 || body.rows.length < 6 || table.classList.contains("heat")) return;
    heads.forEach((head, i) => sortable(head, (down) => {
      const rows = [...body.rows].map((row) => [rank(row.cells[i] ? row.cells[i].textContent : ""), row]);
      rows.sort((a, b) => compare(a[0], b[0], down));
      body.append(...rows.map((pair) => pair[1]));
    }));
  };

  /* The island: planes of bytes back into columns (reports/island.py tells the form). */
  const opened = async (text) => {
    const packed = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
    const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
    const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
    let at = 4 + new DataView(bytes.buffer).getUint32(0, true);
    const head = JSON.parse(new TextDecoder().decode(bytes.subarray(4, at)));
    const plane = (many) => {
      const found = new Float64Array(head.rows);
      for (let k = 0, step = 1; k < many; k++, step *= 256, at += head.rows)
        for (let i = 0; i < head.rows; i++) found[i] += bytes[at + i] * step;
      return found;
    };
    for (const column of head.columns) {
      const [code, ...numbers] = column.planes.map(plane);
      column.codes = code;
      column.numbers = numbers.map((n) => n.map((v) => (v % 2 ? -(v + 1) / 2 : v / 2)));
      column.numbers.forEach((n, s) => { if (s) n.forEach((v, i) => { n[i] = v + column.numbers[0][i]; }); });
      column.parts = column.templates.map((template) => template.split(MARK));
    }
    head.refs = plane(head.refs);
    return head;
  };
  const written = (value, form) => {
    const places = Number(form.replace("+", "")), size = Math.abs(value) / 10 ** places;
    const text = size.toLocaleString("en-US", { minimumFractionDigits: places, maximumFractionDigits: places });
    return (value < 0 ? MINUS : value > 0 && form[0] === "+" ? "+" : "") + text;
  };
  const told = (column, i) =>
    column.parts[column.codes[i]].map((part, k) => (k % 2 ? written(column.numbers[(k - 1) / 2][i], part) : part)).join("");
  const ranks = (column) => {
    if (!column.numbers.length) {
      const words = column.templates.map((t) => t.toLowerCase());
      return (i) => words[column.codes[i]];
    }
    const places = column.parts.map((p) => (p.length > 1 && rank("0" + p[0].trim().replace(/^[<]/, "")) === 0 ? 10 ** Number(p[1]) : 0));
    return (i) => {
      const by = places[column.codes[i]];
      return by ? column.numbers[0][i] / by : rank(told(column, i));
    };
  };

  const cell = (column, i, first) => {
    const text = told(column, i);
    if (first) return make("th", { scope: "row" }, text);
    const word = column.signs && column.signs[text];
    if (word) return make("td", { class: "verdict v-" + word }, sign(word), " " + text);
    return make("td", column.numbers.length ? { class: "evidence" } : {}, text);
  };
  const explore = (place, table, data) => {
    const first = data.columns[0], lower = first.templates.map((t) => t.toLowerCase());
    const body = table.tBodies[0], caption = table.caption.querySelector(".words");
    const every = Array.from({ length: data.rows }, (_, i) => i);
    let view = 0, order = every, page = 0;
    const search = make("input", { type: "search", autocomplete: "off", spellcheck: "false" });
    const choice = make("select", {}, ...data.views.map((v, i) => make("option", { value: i }, v[0])));
    const back = make("button", { type: "button" }, t("Previous")), on = make("button", { type: "button" }, t("Next"));
    const state = make("output", { role: "status", class: "quiet" });
    const found = () => {
      const asked = search.value.trim().toLowerCase();
      return asked ? order.filter((i) => lower[first.codes[i]].includes(asked)) : order;
    };
    const show = () => {
      const rows = found(), pages = Math.max(1, Math.ceil(rows.length / PAGE));
      page = Math.min(Math.max(page, 0), pages - 1);
      const shown = rows.slice(page * PAGE, (page + 1) * PAGE);
      const columns = data.views[view][1].map((i) => data.columns[i]);
      body.dataset.base = data.views[view][2];
      body.replaceChildren(...shown.map((i) => make("tr", { "data-ref": data.refs[i] }, ...columns.map((c, k) => cell(c, i, !k)))));
      back.disabled = page === 0;
      on.disabled = page === pages - 1;
      const many = rows.length.toLocaleString("en-US");
      const seen = { from: page * PAGE + 1, to: page * PAGE + shown.length, many };
      state.textContent = rows.length ? t("{from} to {to} of {many}", seen) : t("Nothing is called so");
    };
    const heads = () => {
      const columns = data.views[view][1].map((i) => data.columns[i]);
      table.tHead.rows[0].replaceChildren(...columns.map((column) => {
        const head = make("th", { scope: "col" }, column.head);
        sortable(head, (down) => {
          const by = ranks(column), keys = every.map(by);
          order = [...every].sort((a, b) => compare(keys[a], keys[b], down) || a - b);
          page = 0;
          show();
        });
        return head;
      }));
    };
    const again = () => { page = 0; show(); };
    search.addEventListener("input", again);
    choice.addEventListener("change", () => { view = Number(choice.value); order = every; heads(); again(); });
    back.addEventListener("click", () => { page--; show(); });
    on.addEventListener("click", () => { page++; show(); });
    const noun = spoken ? first.head : first.head.toLowerCase();
    const tools = make("div", { class: "tools", role: "group", "aria-label": t("All features") },
      make("label", {}, t("Find a {noun}", { noun }) + " ", search), make("label", {}, t("Contrast") + " ", choice), back, on, state);
    place.prepend(tools);
    const label = caption.querySelector("strong").cloneNode(true);
    const words = place.dataset.words;
    caption.replaceChildren(label, words);
    heads();
    show();
  };

  /* Hover: the row of a figure's mark, or the whole of what is cut. */
  const tip = make("div", { class: "tip", role: "presentation", hidden: "" });
  const point = (event) => {
    const over = event.target.closest ? event.target.closest("[data-tip], g[tabindex]") : null;
    const named = over && over.querySelector("title");
    tip.hidden = !over || Boolean(named && event.type === "pointerover");
    if (tip.hidden) return;
    tip.textContent = named ? named.textContent : over.getAttribute("data-tip");
    const box = over.getBoundingClientRect();
    tip.hidden = false;
    const left = Math.min(Math.max(8, box.left), innerWidth - tip.offsetWidth - 8);
    tip.style.left = left + scrollX + "px";
    tip.style.top = box.bottom + scrollY + 6 + "px";
  };

  /* Where from: the pointers around a number (reports/pointing.py), on a line at the foot of the window. */
  const joined = (words, bases) => words.split(" ").flatMap((w) => (/^\/|#/.test(w) ? [w] : bases.map((base) => `${base}/${w}`)));
  const bases = (node) => {
    const near = node && node.closest("[data-base]");
    return near ? joined(near.dataset.base, bases(near.parentElement)) : [""];
  };
  const runs = (steps) => {
    const whole = steps.every((step) => /^\d+$/.test(step)), sorted = whole ? [...steps].sort((a, b) => a - b) : steps;
    const unbroken = whole && sorted.length > 2 && sorted.every((step, i) => step - sorted[0] === i);
    return unbroken ? `{${sorted[0]}..${sorted[sorted.length - 1]}}` : sorted.length > 1 ? `{${sorted.join()}}` : sorted[0];
  };
  const folded = (pointers) => {
    const all = [];
    for (const pointer of new Set(pointers)) {
      let one = pointer.split("/").map((step) => [step]);
      for (let i = 0; i < all.length; i++) {
        const other = all[i], apart = one.flatMap((steps, k) => (String(steps) === String(other[k]) ? [] : [k]));
        if (one.length !== other.length || apart.length !== 1) continue;
        one = one.map((steps, k) => (k === apart[0] ? [...other[k], ...steps] : steps));
        all.splice(i, 1);
        i = -1;
      }
      all.push(one);
    }
    return all.map((one) => one.map(runs).join("/"));
  };
  const line = make("div", { class: "where", role: "status", hidden: "" });
  let shown = null, walk = [], at = 0, rest = 0;
  const near = (node) => (node.closest ? node.closest("[data-ref]") : null);
  const tell = (node, hint = "") => {
    clearTimeout(rest);
    shown = node;
    line.hidden = !node;
    if (!node) return;
    const head = node.tagName === "TR" ? node.querySelector("th[scope=row], td").textContent.slice(0, 60) + ": " : "";
    const found = folded(joined(node.dataset.ref, bases(node))).map((pointer) => (pointer.includes("#") ? pointer : `audit.json#${pointer}`));
    const places = found.join(" "), told = node.closest("[data-of]") ? t("{places}, or computed from there", { places }) : places;
    line.textContent = head + told + hint;
  };
  const stop = () => {
    for (const node of walk) node.classList.remove("here");
    walk = [];
  };
  const step = (to) => {
    walk[at].classList.remove("here");
    at = Math.min(Math.max(to, 0), walk.length - 1);
    walk[at].classList.add("here");
    walk[at].scrollIntoView({ block: "nearest" });
    tell(walk[at]);
  };
  const stops = (place) => {
    const own = place.tagName === "MAIN" ? null : near(place), inside = [...place.querySelectorAll("[data-ref]")];
    return [...(own ? [own] : []), ...inside].filter((node) => !node.closest("details:not([open]) > :not(summary)"));
  };
  const press = (event) => {
    const keys = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: walk.length - 1 };
    if (event.key === "Escape") {
      stop();
      clearTimeout(rest);
      tip.hidden = line.hidden = true;
    } else if (walk.length && event.key in keys) {
      event.preventDefault();
      step(keys[event.key]);
    } else if (event.key === "Enter" && event.target.matches("main, .scroll, g[tabindex]")) {
      stop();
      walk = stops(event.target);
      if (walk.length) step(at = event.target.matches(".scroll") && walk.length > 1 ? 1 : 0);
    }
  };
  const reach = (event) => {
    stop();
    if (!event.target.matches(":focus-visible")) return;
    const more = event.target.matches(".scroll") && stops(event.target).length > 1;
    tell(near(event.target), more ? ". " + t("Row by row: Enter, then the arrow keys") : "");
  };
  const hover = (event) => {
    clearTimeout(rest);
    const over = near(event.target);
    if (!walk.length && over !== shown && !line.contains(event.target)) rest = setTimeout(() => tell(over), REST);
  };
  const tap = (event) => {
    stop();
    if (!event.target.closest("a, button, input, select, .where")) tell(near(event.target));
  };

  const start = async () => {
    document.body.append(tip);
    document.querySelector("footer").append(line);
    for (const kind of ["pointerover", "focusin"]) document.addEventListener(kind, point);
    for (const [kind, does] of [["keydown", press], ["focusin", reach], ["pointerover", hover], ["click", tap]]) document.addEventListener(kind, does);
    for (const place of document.querySelectorAll("[data-island]")) {
      const data = document.getElementById(place.dataset.island), table = place.querySelector("table");
      try {
        explore(place, table, await opened(data.textContent));
      } catch (error) {
        console.warn("the table of all features stays as it is:", error);
      }
    }
    for (const table of document.querySelectorAll("table"))
      if (!table.closest("[data-island]")) enhance(table);
    document.documentElement.dataset.ready = "yes";
  };
  start();
})();
