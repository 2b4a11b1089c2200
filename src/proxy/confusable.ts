/**
 * Host names that look like others. A person confirms an allowlist entry by looking at it, so an entry must be what it looks
 * like: one script per label, no letter that normalises into another, no word made only of another script's Latin look-alikes
 * (Unicode TR39 §5, the "highly restrictive" profile without its mixed East Asian exceptions).
 *
 * @module
 */

/** Scripts in which domain names are registered; a label uses one of them, digits and hyphens aside. */
const SCRIPTS = [
  "Latin",
  "Cyrillic",
  "Greek",
  "Armenian",
  "Hebrew",
  "Arabic",
  "Devanagari",
  "Bengali",
  "Gurmukhi",
  "Gujarati",
  "Tamil",
  "Telugu",
  "Kannada",
  "Malayalam",
  "Sinhala",
  "Thai",
  "Lao",
  "Georgian",
  "Ethiopic",
  "Khmer",
  "Hangul",
].map((name) => new RegExp(`^[\\p{Script=${name}}0-9-]+$`, "u"));
/** Japanese and Chinese are written in several scripts at once. */
const EAST_ASIAN = /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}ー0-9-]+$/u;
/** Cyrillic, Greek and Armenian letters that read as Latin ones. */
const LATIN_LOOKALIKES = /^[асеорхуѕіјһԁԛԝьгѵӏпвкмнтαονρτυικχօհոսցզ0-9-]+$/u;

/** Why `host` (as typed, with non-ASCII characters) is not what it looks like, or undefined. */
export function confusableReason(host: string): string | undefined {
  // deno-lint-ignore no-control-regex -- the ASCII range is meant
  if (/^[\x00-\x7f]*$/.test(host)) return undefined;
  if (host.normalize("NFKC").toLowerCase() !== host.normalize("NFC").toLowerCase()) {
    return "it holds characters that stand for others";
  }
  if (
    /[\u3002\uff0e\uff61\u2024\u2044\u2215\u29f8\u00ad\u034f\u180e\u200b-\u200f\u2060-\u2064\ufe00-\ufe0f\ufeff]/.test(
      host,
    )
  ) {
    return "it holds characters that look like dots or slashes, or cannot be seen";
  }
  for (const label of host.normalize("NFC").toLowerCase().split(".")) {
    if (!EAST_ASIAN.test(label) && !SCRIPTS.some((script) => script.test(label))) return "it mixes scripts";
    // deno-lint-ignore no-control-regex -- the ASCII range is meant
    if (!/^[\x00-\x7f]*$/.test(label) && LATIN_LOOKALIKES.test(label)) return "it reads like a Latin name but is not";
  }
  return undefined;
}
