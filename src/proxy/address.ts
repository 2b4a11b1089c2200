/**
 * Which IP addresses a call may reach without a person's explicit word (docs/spec/proxy.md §2, step 5).
 *
 * It is an allow rule: global unicast and nothing else. IPv4 is held against the IANA special-purpose registry (RFC 6890) as
 * ipaddr.js knows it; IPv6 must lie in 2000::/3 and outside every range that carries, maps or documents something else.
 *
 * @module
 */

import ipaddr from "ipaddr.js";

/** Public by number, private by use: answers a virtual machine about itself. */
const METADATA: ReadonlySet<string> = new Set(["168.63.129.16"]);
/** RFC 4291 §2.4: the only block from which global unicast addresses are given. */
const GLOBAL_UNICAST_V6: [ipaddr.IPv6, number] = [ipaddr.IPv6.parse("2000::"), 3];

/** Four decimal numbers of 0 to 255 without leading zeros: no other notation survives the URL parser. */
const IPV4 = /^(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)){3}$/;

/** Whether `text` is an IP literal in the one spelling that the URL standard writes (IPv6 without brackets). */
export function isAddress(text: string): boolean {
  // Not ipaddr.js's own test for IPv4: its expressions backtrack, 0.6 ms for an ordinary host name.
  return IPV4.test(text) || (text.includes(":") && ipaddr.IPv6.isValid(text));
}

/**
 * Whether `literal` is a global unicast address. Loopback, private, link-local, CGNAT, multicast, reserved, benchmarking,
 * documentation, unique local, IPv4-mapped, IPv4-compatible, NAT64, 6to4, Teredo, scoped and unparsable ones are not.
 */
export function isPublicAddress(literal: string): boolean {
  if (!isAddress(literal) || literal.includes("%")) return false;
  const address = ipaddr.parse(literal);
  if (address.range() !== "unicast" || METADATA.has(literal)) return false;
  return address instanceof ipaddr.IPv6 ? address.match(GLOBAL_UNICAST_V6) : true;
}
