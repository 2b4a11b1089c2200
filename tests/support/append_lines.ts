/** A process of its own that appends numbered lines to an audit log: `append_lines.ts PATH LOCK COUNT LABEL WAY`, `quick` or `long`. */
import { FileAuditSink } from "../../src/adapters/audit_sink/file.ts";
import { QUICK } from "./audit.ts";

if (import.meta.main) {
  const [path, lockPath, count, label, way] = Deno.args as [string, string, string, string, "quick" | "long"];
  const sink = new FileAuditSink({ path, lockPath, maxBytes: 4000, keep: 1000, ...(way === "quick" ? QUICK : {}) });
  for (let i = 0; i < Number(count); i++) {
    await sink.append((last) => {
      const seq = last === undefined ? 1 : (JSON.parse(last).seq as number) + 1;
      return JSON.stringify({ seq, from: label, i });
    });
    // Acknowledged: whoever reads this output may kill us and still must find the line.
    await Deno.stdout.write(new TextEncoder().encode(`${i}\n`));
  }
}
