// The frame of a mail's text is as high as the text.
const frame = document.querySelector("iframe");
function grow() {
  const root = frame?.contentDocument?.documentElement;
  if (!root) return;
  frame.style.height = "0";
  frame.style.height = `${root.scrollHeight + 24}px`;
}
frame?.addEventListener("load", grow);
addEventListener("resize", grow);
grow();

// Reloads the list when mail has come.
const body = document.body;
async function watch() {
  for (;;) {
    try {
      const answer = await fetch(`/wait?${body.dataset.last}`);
      const { last } = await answer.json();
      if (last > Number(body.dataset.last)) {
        if (document.querySelector("ul.mails, p.empty")) location.reload();
        return;
      }
    } catch {
      await new Promise((done) => setTimeout(done, 2000));
    }
  }
}
watch();
