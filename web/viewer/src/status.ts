/** announce says something to people who do not see the page: it stands in a live region (role="status"). */
export function announce(text: string): void {
  const region = document.getElementById("bulla-status");
  if (region) region.textContent = text;
}
