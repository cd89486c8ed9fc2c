// Links and forms without a reload, and parts of a page that come behind it. Without scripts all of it works, too.
const main = document.getElementById("main");
const say = document.getElementById("say");
let running = null; // what the last click asked for: a newer one stops it

async function ask(url, options = {}, tries = 4) {
  const answer = await fetch(url, { credentials: "same-origin", ...options });
  if (answer.status === 429 && tries > 0) {
    await new Promise((done) => setTimeout(done, 400 + 400 * Math.random()));
    return ask(url, options, tries - 1);
  }
  return answer;
}

function parsed(html) {
  return new DOMParser().parseFromString(html, "text/html");
}

// What was replaced keeps the focus, if it is still there.
function refocus(id) {
  if (id) document.getElementById(id)?.focus({ preventScroll: true });
}

// Behind the next frame, so that what is there is drawn before more is asked for; a hidden page draws none.
function drawn() {
  return new Promise((done) => {
    requestAnimationFrame(() => setTimeout(done));
    setTimeout(done, 200);
  });
}

async function visit(url, options = {}, push = true) {
  running?.abort();
  running = new AbortController();
  const mine = running;
  main.setAttribute("aria-busy", "true");
  try {
    const answer = await ask(url, { ...options, signal: mine.signal });
    const page = parsed(await answer.text());
    const next = page.getElementById("main");
    const focus = document.activeElement?.id;
    if (next) {
      main.replaceChildren(...next.childNodes);
      document.title = page.title;
      document.querySelector("header nav").replaceChildren(...page.querySelector("header nav").childNodes);
    } else {
      main.querySelector(".wrong")?.remove();
      const wrong = document.createElement("div");
      wrong.className = "wrong";
      wrong.role = "alert";
      wrong.textContent = page.body.textContent.trim();
      main.prepend(wrong);
      scrollTo(0, 0);
    }
    const where = new URL(answer.url);
    where.hash = new URL(url, location.href).hash;
    if (push && next) history.pushState({}, "", where);
    const target = where.hash && document.getElementById(where.hash.slice(1));
    if (target) target.scrollIntoView({ block: "nearest" });
    else if (push && next && !focus) scrollTo(0, 0);
    refocus(focus);
    say.textContent = main.querySelector("[data-say], .answer, .wrong, h1, h2")?.textContent.trim() ?? "";
    await drawn();
    if (mine === running) settle(main);
  } catch (error) {
    if (error.name !== "AbortError") {
      say.textContent = "The program does not answer. Is it still running?";
      say.classList.add("shown");
      return;
    }
  } finally {
    if (mine === running) main.removeAttribute("aria-busy");
  }
  say.classList.remove("shown");
}

async function load(part) {
  const url = part.dataset.load;
  const answer = await ask(url).catch(() => null);
  if (!part.isConnected || part.dataset.load !== url) return;
  if (!answer) return void (part.textContent = "The program does not answer.");
  const html = parsed(await answer.text());
  const focus = document.activeElement?.id;
  part.replaceChildren(...html.body.childNodes);
  refocus(focus);
  settle(part, true);
  const again = part.querySelector("[data-again]");
  const refresh = part.querySelector("[data-refresh]");
  const target = refresh && document.getElementById(refresh.dataset.into);
  if (target && target.dataset.shown !== refresh.dataset.shown) {
    target.dataset.shown = refresh.dataset.shown;
    target.dataset.load = refresh.dataset.refresh;
    await load(target);
    delete target.dataset.load;
  }
  if (again) setTimeout(() => part.isConnected && load(part), Number(again.dataset.again));
}

function settle(root, inside = false) {
  for (const part of root.querySelectorAll("[data-load]")) if (!inside || part !== root) load(part);
}

// What a summary hides is loaded when it is opened.
document.addEventListener("toggle", (event) => {
  const details = event.target;
  if (!details.open || !details.dataset.open) return;
  const part = document.createElement("div");
  part.dataset.load = details.dataset.open;
  delete details.dataset.open;
  details.append(part);
  load(part);
}, true);

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-soft], header nav a");
  if (!link || event.metaKey || event.ctrlKey || event.shiftKey || event.button) return;
  event.preventDefault();
  visit(link.href);
});

document.addEventListener("submit", (event) => {
  const form = event.target.closest("form[data-soft]");
  if (!form) return;
  event.preventDefault();
  const fields = new URLSearchParams(new FormData(form, event.submitter));
  // Attributes: fields of the same names would hide the form's own.
  const action = form.getAttribute("action");
  if (form.getAttribute("method") === "post") visit(action, { method: "POST", body: fields });
  else visit(`${action}?${fields}`);
});

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-submit]")) event.target.form.requestSubmit();
});

// Enter asks; a line break needs Shift.
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && event.target.matches("textarea")) {
    event.preventDefault();
    event.target.form.requestSubmit();
  }
  // From word to word with the arrows.
  const word = event.target.closest?.("a.word");
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (word && step) {
    const words = [...word.parentElement.querySelectorAll("a.word")];
    words[words.indexOf(word) + step]?.focus();
    event.preventDefault();
  }
});

addEventListener("popstate", () => visit(location.href, {}, false));
settle(document);
