/** Counts what passes a medium: by kind of message, by kind of fault, and on each link. Everything here is a plain value. */
import { byteLength, KINDS, kindOf, type Kind } from "./message";

export const FAULTS = ["lost", "cut", "delayed", "repeated", "reordered", "damaged"] as const;
export type Fault = (typeof FAULTS)[number];

export interface Count {
  posts: number;
  bytes: number;
  /** Arrivals, of repetitions too. */
  deliveries: number;
}

export type FaultCount = Record<Fault, number>;

/** One message that was posted. */
export interface Post {
  readonly number: number;
  readonly atMs: number;
  readonly from: string;
  readonly kind: Kind;
  readonly bytes: number;
  /** To how many parties it was sent. */
  readonly to: number;
  arrived: number;
  /** Sendings that no arrival will follow: lost, or the link was cut. */
  failed: number;
}

const noFaults = (): FaultCount => ({ lost: 0, cut: 0, delayed: 0, repeated: 0, reordered: 0, damaged: 0 });
const nothing = (): Count => ({ posts: 0, bytes: 0, deliveries: 0 });

export class Tally {
  static readonly POSTS_KEPT = 60;

  readonly total = nothing();
  readonly byKind = Object.fromEntries(KINDS.map((kind) => [kind, nothing()])) as Record<Kind, Count>;
  readonly faults = noFaults();
  readonly links = new Map<string, { deliveries: number; faults: FaultCount }>();
  /** The last ones, the newest first. */
  posts: readonly Post[] = [];

  post(atMs: number, from: string, data: unknown, to: number): Post {
    const post: Post = {
      number: this.total.posts + 1,
      atMs,
      from,
      kind: kindOf(data),
      bytes: byteLength(data),
      to,
      arrived: 0,
      failed: 0,
    };
    for (const count of [this.total, this.byKind[post.kind]]) {
      count.posts += 1;
      count.bytes += post.bytes;
    }
    this.posts = [post, ...this.posts].slice(0, Tally.POSTS_KEPT);
    return post;
  }

  arrival(link: string, post: Post): void {
    post.arrived += 1;
    this.total.deliveries += 1;
    this.byKind[post.kind].deliveries += 1;
    this.link(link).deliveries += 1;
  }

  fault(link: string, post: Post, fault: Fault): void {
    if (fault === "lost" || fault === "cut") post.failed += 1;
    this.faults[fault] += 1;
    this.link(link).faults[fault] += 1;
  }

  /** Copies, which later traffic leaves as they are. */
  picture(): { total: Count; byKind: Record<Kind, Count>; faults: FaultCount; posts: readonly Readonly<Post>[] } {
    const { total, byKind, faults, posts } = this;
    return structuredClone({ total, byKind, faults, posts });
  }

  link(link: string): { deliveries: number; faults: FaultCount } {
    const known = this.links.get(link) ?? { deliveries: 0, faults: noFaults() };
    this.links.set(link, known);
    return known;
  }
}
