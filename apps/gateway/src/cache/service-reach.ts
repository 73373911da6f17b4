/** After a failure, one request tries the service again each time this has passed; the others needn't wait for it. */
const RETRY_MS = 1_000;

/**
 * Which services can't be reached. While one can't, a single request at a time finds out whether it is back; all others
 * are told at once, so that they can be given a stale answer without a wait.
 */
export class ServiceReach {
  private readonly away = new Map<string, { retryAt: number; probing: boolean }>();

  /** True when the caller should ask the service; it must then call `answered` or `failed`. */
  mayAsk(service: string, now: number): boolean {
    const state = this.away.get(service);
    if (!state) return true;
    if (state.probing || now < state.retryAt) return false;
    state.probing = true;
    return true;
  }

  answered(service: string): void {
    this.away.delete(service);
  }

  failed(service: string, now: number): void {
    this.away.set(service, { retryAt: now + RETRY_MS, probing: false });
  }
}
