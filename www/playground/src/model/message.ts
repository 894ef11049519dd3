/** What a message on the channel is, as far as its first bytes tell: for people who watch the traffic, not for the replicas. */
export const KINDS = ["delta", "ask", "meet", "digest", "presence", "announce", "drops", "unknown"] as const;
export type Kind = (typeof KINDS)[number];

export const KIND_WORDS: Readonly<Record<Kind, string>> = {
  delta: "what somebody did",
  ask: "tells everybody what one knows, to be told the rest",
  meet: "two replicas find out what each lacks, and tell it",
  digest: "a fingerprint of what one knows: whoever knows the same stays quiet",
  presence: "who is here",
  announce: "what one can tell of, if asked",
  drops: "many records that somebody dropped, as others had reset them",
  unknown: "not of this protocol",
};
