import { LRUCache } from 'lru-cache';

/** After a failure, one request tries again each time this has passed; the others needn't wait for it. */
const RETRY_MS = 1_000;
/** So many different questions in a row without any answer are not one question's, nor one shard's, own trouble. */
const EVIDENCE = 3;
/** Questions known to fail; one that is forgotten is only asked again. */
const MOST_QUESTIONS = 1_000;

interface State {
  readonly retryAt: number;
  probing: boolean;
}

const failedAt = (now: number): State => ({ retryAt: now + RETRY_MS, probing: false });
const mayProbe = (state: State | undefined, now: number): boolean =>
  state === undefined || (!state.probing && now >= state.retryAt);

/**
 * Which questions get no answer, and which services give none at all. While that is so, a single request at a time finds
 * out whether it has passed; all others learn it at once, so that they can be given a stale answer without a wait. One
 * question may fail for reasons of its own, or of one shard: only several in a row without any answer meanwhile say
 * something about their service. Times: performance.now().
 */
export class ServiceReach {
  private readonly services = new Map<string, State>();
  private readonly questions = new LRUCache<string, State>({ max: MOST_QUESTIONS });
  private readonly answeredAt = new Map<string, number>();
  /** The questions that a service left without an answer since its last one. */
  private readonly unanswered = new Map<string, Set<string>>();

  /** True when the caller should ask; it must then call `answered`, `setAside` or `failed`. */
  mayAsk(service: string, now: number, question = ''): boolean {
    const [ofService, ofQuestion] = [this.services.get(service), this.questions.get(question)];
    if (!mayProbe(ofService, now) || !mayProbe(ofQuestion, now)) return false;
    if (ofService) ofService.probing = true;
    if (ofQuestion) ofQuestion.probing = true;
    return true;
  }

  /** The service replied, whatever it said. */
  answered(service: string, question = '', now = performance.now()): void {
    this.services.delete(service);
    this.unanswered.delete(service);
    this.questions.delete(question);
    this.answeredAt.set(service, now);
  }

  /** This question can't be answered for now, which says nothing of the service. */
  setAside(service: string, now: number, question: string): void {
    this.questions.set(question, failedAt(now));
    if (this.services.has(service)) this.services.set(service, failedAt(now));
  }

  /** No answer to what was asked at `askedAt`. Without a question: the service as a whole is known to give none. */
  failed(service: string, now: number, question?: string, askedAt = now): void {
    if (question === undefined) return void this.services.set(service, failedAt(now));
    this.setAside(service, now, question);
    if ((this.answeredAt.get(service) ?? -Infinity) >= askedAt) return;
    const unanswered = this.unanswered.get(service) ?? new Set<string>();
    this.unanswered.set(service, unanswered);
    if (unanswered.size < EVIDENCE) unanswered.add(question);
    if (unanswered.size >= EVIDENCE) this.services.set(service, failedAt(now));
  }
}
