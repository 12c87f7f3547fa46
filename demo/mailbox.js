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
