import assert from "node:assert/strict";
import fc from "fast-check";
import ipaddr from "ipaddr.js";
import { isAddress, isPublicAddress } from "../../../src/proxy/address.ts";

const PRIVATE: Readonly<Record<string, readonly string[]>> = {
  "this network": ["0.0.0.0", "0.1.2.3"],
  "private": ["10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1"],
  "loopback": ["127.0.0.1", "127.255.255.255", "::1"],
  "unspecified": ["::"],
  "link-local and metadata": ["169.254.0.1", "169.254.169.254", "fe80::1", "fe80::1%eth0"],
  "carrier-grade NAT": ["100.64.0.1", "100.100.100.200", "100.127.255.255"],
  "metadata elsewhere": ["168.63.129.16", "fd00:ec2::254", "192.0.0.192"],
  "multicast": ["224.0.0.1", "239.255.255.255", "ff02::1"],
  "broadcast and reserved": ["255.255.255.255", "240.0.0.1", "192.0.0.1"],
  "documentation": ["192.0.2.1", "198.51.100.1", "203.0.113.1", "2001:db8::1", "3fff::1"],
  "benchmarking": ["198.18.0.1", "198.19.255.255", "2001:2::1"],
  "6to4 relay": ["192.88.99.1"],
  "unique local": ["fc00::1", "fdff::1"],
  "site local": ["fec0::1"],
  "v4-mapped": ["::ffff:127.0.0.1", "::ffff:8.8.8.8", "::ffff:7f00:1"],
  "v4-compatible": ["::127.0.0.1", "::8.8.8.8"],
  "v4-translated": ["::ffff:0:8.8.8.8"],
  "NAT64": ["64:ff9b::8.8.8.8", "64:ff9b::7f00:1", "64:ff9b:1::1"],
  "6to4": ["2002:7f00:1::", "2002:808:808::1"],
  "teredo": ["2001::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2"],
  "discard and segment routing": ["100::1", "5f00::1"],
  "not an address": ["", "localhost", "127.1", "0x7f.0.0.1", "2130706433", "1.2.3", "8.8.8.8 ", "[2606:4700::1]"],
};

Deno.test("P8 an address that is not global unicast is not public", () => {
  for (const [what, literals] of Object.entries(PRIVATE)) {
    for (const literal of literals) assert.equal(isPublicAddress(literal), false, `${what}: ${literal}`);
  }
});

Deno.test("global unicast addresses are public", () => {
  for (const literal of ["8.8.8.8", "93.184.216.34", "172.32.0.1", "100.128.0.1", "2606:4700::1", "2a00:1450::1"]) {
    assert.equal(isPublicAddress(literal), true, literal);
  }
});

Deno.test("an IPv4 literal is four plain decimal numbers, as ipaddr.js says it too", () => {
  const part = fc.oneof(
    fc.integer({ min: 0, max: 300 }).map(String),
    fc.constantFrom("", "00", "01", "0x7f", "1e2", " 1", "٣"),
  );
  fc.assert(
    fc.property(fc.array(part, { minLength: 3, maxLength: 5 }).map((parts) => parts.join(".")), (text) => {
      assert.equal(isAddress(text), ipaddr.IPv4.isValidFourPartDecimal(text), text);
    }),
    { numRuns: 2_000 },
  );
});
