/**
 * Puts one entry into a JSON settings file and takes it out again; comments, order, spacing and everything else stay.
 *
 * @module
 */

import { type JsonMember, type JsonNode, type JsonObject, JsonTextError, readJsonText, valueOf } from "./json_text.ts";
import { lineEnding, type TextEdit } from "./text_edit.ts";

/** Data of an entry. */
export type EntryValue = string | readonly string[] | EntryObject;

export interface EntryObject {
  readonly [name: string]: EntryValue;
}

/** `{ [section]: { [name]: entry } }` */
export interface EntryPlace {
  readonly section: string;
  readonly name: string;
}

/** What an object of ours replaces in one that is there; members of the person's own stay. @throws {JsonTextError} */
export function setEntryEdits(text: string, place: EntryPlace, entry: EntryValue): TextEdit[] {
  const root = readJsonText(text);
  const writer = new Writer(text);
  if (root === undefined) {
    const gap = text === "" || text.endsWith("\n") ? "" : writer.eol;
    const whole = writer.render({ [place.section]: { [place.name]: entry } }, "");
    return [{ start: text.length, end: text.length, insert: `${gap}${whole}${writer.eol}` }];
  }
  return writer.merge(objectOf(root, "the file"), { [place.section]: { [place.name]: entry } });
}

/** Takes the entry out; nothing when there is none. @throws {JsonTextError} */
export function removeEntryEdits(text: string, place: EntryPlace): TextEdit[] {
  const found = locate(text, place);
  if (found === undefined) return [];
  const { member, parent } = found;
  const was = `"${place.name}": …`;
  const index = parent.members.indexOf(member);
  const end = (member.comma ?? member.value.end - 1) + 1;
  const inside = text.slice(parent.start + 1, member.keyStart) + text.slice(end, parent.end - 1);
  if (parent.members.length === 1 && inside.trim() === "") {
    return [{ start: parent.start + 1, end: parent.end - 1, insert: "", was }];
  }
  // The whole line where it stands on lines of its own.
  const before = /(?:\r?\n)?[ \t]*$/.exec(text.slice(0, member.keyStart))![0];
  const edits: TextEdit[] = [{ start: member.keyStart - before.length, end, insert: "", was }];
  const previous = parent.members[index - 1];
  const isLast = index === parent.members.length - 1;
  if (isLast && member.comma === undefined && previous?.comma !== undefined) {
    edits.push({ start: previous.comma, end: previous.comma + 1, insert: "" });
  }
  return edits;
}

/** Whether nothing but an empty section is left. @throws {JsonTextError} */
export function isBare(text: string, section: string): boolean {
  const bare = text.replace(/\s/g, "");
  return bare === `{${JSON.stringify(section)}:{}}` || bare === "{}";
}

function locate(text: string, place: EntryPlace): { member: JsonMember; parent: JsonObject } | undefined {
  const root = readJsonText(text);
  if (root === undefined) return undefined;
  const section = only(objectOf(root, "the file"), place.section);
  if (section === undefined) return undefined;
  const parent = objectOf(section.value, place.section);
  const member = only(parent, place.name);
  return member === undefined ? undefined : { member, parent };
}

/** @throws {JsonTextError} for a name that stands there twice: readers disagree on which counts */
function only(object: JsonObject, key: string): JsonMember | undefined {
  const found = object.members.filter((member) => member.key === key);
  if (found.length > 1) throw new JsonTextError(`'${key}' stands there twice`);
  return found[0];
}

function objectOf(node: JsonNode, what: string): JsonObject {
  if (node.kind !== "object") throw new JsonTextError(`${what} is not an object`);
  return node;
}

/** Writes in the manner of the text: its indentation, its line ends. */
class Writer {
  readonly eol: string;
  readonly #text: string;
  readonly #unit: string;

  constructor(text: string) {
    this.#text = text;
    this.eol = lineEnding(text);
    this.#unit = /\n([ \t]+)"/.exec(text)?.[1] ?? "  ";
  }

  /** Edits that bring `wanted` into `object`, member by member. */
  merge(object: JsonObject, wanted: EntryObject): TextEdit[] {
    const missing: [string, EntryValue][] = [];
    const edits = Object.entries(wanted).flatMap(([key, value]): TextEdit[] => {
      const member = only(object, key);
      if (member === undefined) {
        missing.push([key, value]);
        return [];
      }
      if (isObject(value)) return this.merge(objectOf(member.value, key), value);
      const there = valueOf(member.value);
      if (JSON.stringify(there) === JSON.stringify(value)) return [];
      const { start, end } = member.value;
      return [{ start, end, insert: this.render(value, ""), was: `"${key}": …` }];
    });
    return missing.length === 0 ? edits : [...edits, ...this.#insert(object, missing)];
  }

  /** A value over several lines; lists of texts on one. */
  render(value: EntryValue, indent: string): string {
    if (typeof value === "string") return JSON.stringify(value);
    if (!isObject(value)) return `[${value.map((item) => JSON.stringify(item)).join(", ")}]`;
    const inner = indent + this.#unit;
    const members = Object.entries(value)
      .map(([key, member]) => `${inner}${JSON.stringify(key)}: ${this.render(member, inner)}`);
    return members.length === 0 ? "{}" : `{${this.eol}${members.join(`,${this.eol}`)}${this.eol}${indent}}`;
  }

  /** Members behind the last one, or into an empty object. */
  #insert(object: JsonObject, members: readonly [string, EntryValue][]): TextEdit[] {
    const last = object.members.at(-1);
    if (last === undefined) return [this.#insertFirst(object, members)];
    const behind = (last.comma ?? last.value.end - 1) + 1;
    if (!this.#text.slice(object.start, last.keyStart).includes("\n")) {
      return [this.#insertInLine(last, behind, members)];
    }
    const lead = this.#leadOf(last.keyStart);
    const entries = this.#lines(members, lead) + (last.comma === undefined ? "" : ",");
    // A comment on the last member's line is about that member.
    const at = behind +
      /^[ \t]*(?:\/\/[^\r\n]*|\/\*[^\r\n]*?\*\/)?/.exec(this.#text.slice(behind))![0].trimEnd().length;
    if (last.comma !== undefined) return [{ start: at, end: at, insert: entries }];
    if (at === behind) return [{ start: at, end: at, insert: `,${entries}` }];
    return [{ start: behind, end: behind, insert: "," }, { start: at, end: at, insert: entries }];
  }

  #insertInLine(last: JsonMember, at: number, members: readonly [string, EntryValue][]): TextEdit {
    const entries = members.map(([key, value]) => `${JSON.stringify(key)}: ${JSON.stringify(value)}`).join(", ");
    return { start: at, end: at, insert: last.comma === undefined ? `, ${entries}` : ` ${entries}` };
  }

  #insertFirst(object: JsonObject, members: readonly [string, EntryValue][]): TextEdit {
    const outer = this.#leadOf(object.start);
    const content = this.#text.slice(object.start + 1, object.end - 1).trimEnd(); // comments only
    const entries = this.#lines(members, outer + this.#unit);
    return { start: object.start + 1 + content.length, end: object.end - 1, insert: `${entries}${this.eol}${outer}` };
  }

  /** Each member on a line of its own, without a comma behind the last. */
  #lines(members: readonly [string, EntryValue][], lead: string): string {
    return members.map(([key, value]) => `${this.eol}${lead}${JSON.stringify(key)}: ${this.render(value, lead)}`).join(
      ",",
    );
  }

  /** The white space with which the line at `position` begins. */
  #leadOf(position: number): string {
    return /^[ \t]*/.exec(this.#text.slice(this.#text.lastIndexOf("\n", position) + 1))![0];
  }
}

function isObject(value: EntryValue): value is EntryObject {
  return typeof value === "object" && !Array.isArray(value);
}
