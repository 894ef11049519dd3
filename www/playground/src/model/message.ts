/** What a message on the channel is, as far as its first bytes tell: for people who watch the traffic, not for the replicas. */
export const KINDS = ["delta", "ask", "meet", "digest", "presence", "announce", "drops", "unknown"] as const;
export type Kind = (typeof KINDS)[number];

export const KIND_WORDS: Readonly<Record<Kind, string>> = {
  delta: "what somebody did",
  ask: "says what a replica knows, and asks all others for the rest",
  meet: "two replicas find out what each lacks, and tell it",
  digest: "a fingerprint of all that a replica knows: who knows the same does not reply",
  presence: "who is here",
  announce: "a list of what a replica can be asked for",
  drops: "old records that a replica has removed, since others had reset them",
  unknown: "not of this protocol",
};
