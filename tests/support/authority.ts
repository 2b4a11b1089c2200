/**
 * A certificate authority that exists only while a test runs.
 *
 * @module
 */

import "reflect-metadata";
import * as x509 from "@peculiar/x509";

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const DAY_MS = 24 * 60 * 60 * 1000;

/** A server's certificate and key, as PEM. */
export interface ServerIdentity {
  readonly cert: string;
  readonly key: string;
}

/** Issues certificates for local servers. */
export interface Authority {
  /** What a client must trust. */
  readonly caPem: string;
  /** A certificate for host names and IP literals; an `expired` one ended yesterday, an `early` one begins tomorrow. */
  issue(
    hosts: readonly string[],
    options?: { readonly expired?: boolean; readonly early?: boolean },
  ): Promise<ServerIdentity>;
}

/** A new authority. */
export async function makeAuthority(name = "AgentSecrets test authority"): Promise<Authority> {
  const keys = await crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
  const now = Date.now();
  const root = await x509.X509CertificateGenerator.createSelfSigned({
    name: `CN=${name}`,
    keys,
    notBefore: new Date(now - 10 * DAY_MS),
    notAfter: new Date(now + 10 * DAY_MS),
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
    ],
  });
  return {
    caPem: `${root.toString("pem")}\n`,
    async issue(hosts, options = {}): Promise<ServerIdentity> {
      const own = await crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
      const names = hosts.map((host) => ({
        type: /^[\d.]+$|:/.test(host) ? "ip" as const : "dns" as const,
        value: host,
      }));
      const leaf = await x509.X509CertificateGenerator.create({
        subject: `CN=${hosts[0]}`,
        issuer: root.subject,
        publicKey: own.publicKey,
        signingKey: keys.privateKey,
        notBefore: new Date(now + (options.early === true ? 1 : -5) * DAY_MS),
        notAfter: new Date(now + (options.expired === true ? -1 : 5) * DAY_MS),
        signingAlgorithm: ALGORITHM,
        extensions: [
          new x509.BasicConstraintsExtension(false, undefined, true),
          new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
          new x509.SubjectAlternativeNameExtension(names),
        ],
      });
      return {
        cert: `${leaf.toString("pem")}\n`,
        key: x509.PemConverter.encode(await crypto.subtle.exportKey("pkcs8", own.privateKey), "PRIVATE KEY"),
      };
    },
  };
}
