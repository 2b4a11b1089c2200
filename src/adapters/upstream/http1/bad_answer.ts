/** Answers that are not HTTP/1.1 as RFC 9112 has it. @module */

/** The upstream broke the protocol. The message is a reason for people; it quotes nothing of the answer. */
export class BadAnswer extends Error {
  override readonly name = "BadAnswer";
}

/** The connection ended before the answer did. */
export class EndedEarly extends Error {
  override readonly name = "EndedEarly";
}
