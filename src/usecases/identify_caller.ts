/**
 * Who calls the local proxy (docs/spec/proxy.md §2, step 1): an agent with a token of the ledger, a program that holds this
 * proxy's session token, or, unless tokens are required, a program of the same user.
 *
 * @module
 */

import { timingSafeEqual } from "node:crypto";
import { sha256 } from "../crypto/verify/sha256.ts";
import { type RandomBytes, utf8 } from "../kernel/bytes.ts";
import { AppError } from "../kernel/error.ts";
import type { Peers, TcpPeer } from "../ports/peer.ts";
import type { Caller } from "../proxy/door.ts";

/** What a request says of its sender, and where it came from. */
export interface CallerClaims {
  /** `X-AS-Agent-ID`: a name that nobody checks. */
  readonly agentId: string | undefined;
  /** `X-AS-Agent-Token`. */
  readonly agentToken: string | undefined;
  /** `X-AS-Session`. */
  readonly session: string | undefined;
  /** `socket`: our Unix socket, which its file mode keeps for the same user. */
  readonly peer: TcpPeer | "socket";
}

/** An agent that proved itself. */
export interface IssuedAgent {
  readonly agentId: string;
  readonly tokenId: string;
}

/** Checks tokens that the workspace issued to agents. Undefined for one that is not valid now. */
export interface AgentTokens {
  verify(token: string): Promise<IssuedAgent | undefined>;
}

/** No workspace issues tokens to agents yet: none is valid. */
export const NO_AGENT_TOKENS: AgentTokens = { verify: () => Promise.resolve(undefined) };

/** The token of one run of the proxy: whoever can read `proxy.json` (0600) has it. Only its hash stays in memory. */
export class SessionToken {
  /** `ses_…`: what the audit log calls this run. */
  readonly id: string;
  readonly #hash: Uint8Array;

  private constructor(id: string, hash: Uint8Array) {
    this.id = id;
    this.#hash = hash;
  }

  /** A new one and its text, to be stored. */
  static make(random: RandomBytes): { readonly token: SessionToken; readonly text: string } {
    const id = `ses_${random(8).toHex()}`;
    const text = `${id}.${random(32).toBase64({ alphabet: "base64url", omitPadding: true })}`;
    return { token: new SessionToken(id, hashOf(text)), text };
  }

  /** Compares hashes in constant time. */
  is(text: string): boolean {
    return timingSafeEqual(hashOf(text), this.#hash);
  }
}

/** What decides. */
export interface IdentifyOptions {
  readonly peers: Peers;
  readonly session: SessionToken;
  readonly agents: AgentTokens;
  /** True: same-user programs without a token are refused too. */
  readonly requireToken: boolean;
}

/** Decides who calls. */
export class CallerCheck {
  readonly #options: IdentifyOptions;

  constructor(options: IdentifyOptions) {
    this.#options = options;
  }

  /**
   * A token that is not valid counts as a wrong one, never as none.
   *
   * @throws {AppError} `caller_unknown`, `bad_request` for a declared name beside an issued one
   */
  async identify(claims: CallerClaims): Promise<Caller> {
    const sessionId = this.#session(claims);
    if (claims.agentToken !== undefined) return { ...await this.#issued(claims, claims.agentToken), sessionId };
    if (sessionId === "") {
      if (this.#options.requireToken) throw new AppError("caller_unknown");
      await this.admit(claims);
    }
    const agentId = claims.agentId ?? "";
    return { level: agentId === "" ? "anonymous" : "declared", agentId, tokenId: "", sessionId };
  }

  /** Enough to be told that the proxy is here. @throws {AppError} `caller_unknown` */
  async admit({ peer }: Pick<CallerClaims, "peer">): Promise<void> {
    if (peer !== "socket" && await this.#options.peers.userOf(peer) === "other") throw new AppError("caller_unknown");
  }

  /** Whether the caller still holds its end of the connection; undefined where that cannot be told. */
  isThere({ peer }: Pick<CallerClaims, "peer">): boolean | undefined {
    return peer === "socket" ? undefined : this.#options.peers.isOpen(peer);
  }

  /** Only a program that holds this run's token may manage it. @throws {AppError} `caller_unknown` */
  async manage(claims: CallerClaims): Promise<void> {
    if (this.#session(claims) === "") throw new AppError("caller_unknown");
  }

  #session({ session }: CallerClaims): string {
    if (session === undefined) return "";
    if (!this.#options.session.is(session)) throw new AppError("caller_unknown");
    return this.#options.session.id;
  }

  async #issued({ agentId }: CallerClaims, token: string): Promise<Omit<Caller, "sessionId">> {
    const agent = await this.#options.agents.verify(token);
    if (agent === undefined) throw new AppError("caller_unknown");
    if (agentId !== undefined && agentId !== agent.agentId) {
      throw new AppError("bad_request", { reason: "the agent id is not the token's" });
    }
    return { level: "issued", ...agent };
  }
}

/** At once: on a thread of its own, as WebCrypto does it, a hash of so little costs twenty times as much. */
function hashOf(text: string): Uint8Array {
  return sha256(utf8(text));
}
