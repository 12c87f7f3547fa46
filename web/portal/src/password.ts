/** The judgement of a new password: length counts, and nothing must be in it; what is guessed first is refused. */

export const shortest = 10;
export const longest = 1000;

export type Judgement = "empty" | "short" | "long" | "simple" | "fair" | "good" | "strong";

/** judge looks at a password that somebody chooses for an address. */
export function judge(password: string, address: string): Judgement {
  const letters = [...password.normalize("NFC")];
  if (letters.length === 0) return "empty";
  if (letters.length < shortest) return "short";
  if (letters.length > longest) return "long";
  if (isSimple(password.normalize("NFC").toLowerCase(), address.toLowerCase())) return "simple";
  if (letters.length < 14) return "fair";
  return letters.length < 20 ? "good" : "strong";
}

/** Whether a password may be taken. */
export function acceptable(judgement: Judgement): judgement is "fair" | "good" | "strong" {
  return judgement === "fair" || judgement === "good" || judgement === "strong";
}

const rows = [
  "abcdefghijklmnopqrstuvwxyz",
  "01234567890123456789",
  "qwertyuiopasdfghjklzxcvbnm",
  "qwertzuiopasdfghjklyxcvbnm",
];
const common = ["password", "passwort", "letmein", "welcome", "iloveyou", "changeme", "secret", "qwerty", "qwertz"];

/** Few different characters, a row of keys, the person's own address, or a common word with a number. */
function isSimple(password: string, address: string): boolean {
  if (new Set(password).size < 5) return true;
  if (rows.some((row) => row.includes(password) || [...row].reverse().join("").includes(password))) return true;
  const [local = "", domain = ""] = address.split("@");
  if ([address, local, domain].some((part) => part.length >= 4 && password.replace(part, "").length < 5)) return true;
  const bare = password.replace(/[^a-z]/g, "");
  return common.some((word) => bare === word || bare === word + word);
}
