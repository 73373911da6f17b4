import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import type { Counter, Gauge, Registry } from 'prom-client';

interface Parts {
  readonly Counter: typeof Counter;
  readonly Gauge: typeof Gauge;
}

const NANOSECONDS = 1e9;

/**
 * CPU, memory and event loop of this process, read when scraped, under the names of prom-client's own defaults so that
 * common dashboards fit. Its defaults also watch every garbage collection and open handle, which costs at run time.
 */
export function addProcessMetrics(registry: Registry, { Counter, Gauge }: Parts): void {
  const gauge = (name: string, help: string, read: () => number): void => {
    const metric = new Gauge({
      name,
      help,
      registers: [],
      collect() {
        this.set(read());
      },
    });
    registry.registerMetric(metric);
  };
  gauge('process_start_time_seconds', 'Start time since the epoch', () => performance.timeOrigin / 1000);
  gauge('process_resident_memory_bytes', 'Resident memory', () => process.memoryUsage.rss());
  gauge('nodejs_heap_size_used_bytes', 'Used heap', () => process.memoryUsage().heapUsed);
  gauge('nodejs_external_memory_bytes', 'Memory of buffers', () => process.memoryUsage().external);
  addCpu(registry, Counter);
  addEventLoop(gauge);
}

function addCpu(registry: Registry, CounterPart: typeof Counter): void {
  let counted = 0;
  const metric = new CounterPart({
    name: 'process_cpu_seconds_total',
    help: 'CPU time, user and system',
    registers: [],
    collect() {
      const { user, system } = process.cpuUsage();
      const seconds = (user + system) / 1e6;
      this.inc(seconds - counted);
      counted = seconds;
    },
  });
  registry.registerMetric(metric);
}

function addEventLoop(gauge: (name: string, help: string, read: () => number) => void): void {
  // Sampled every 20 ms: 50 timers a second are not to be seen in a profile, 100 are.
  const resolution = 20;
  const delay = monitorEventLoopDelay({ resolution });
  delay.enable();
  gauge('nodejs_eventloop_lag_p99_seconds', 'Event loop delay since the last scrape, 99th percentile', () => {
    // It measures the time between two samples, so the interval itself is subtracted.
    const lag = delay.percentile(99) / NANOSECONDS - resolution / 1000;
    delay.reset();
    return Math.max(0, lag);
  });
  let last = performance.eventLoopUtilization();
  gauge('nodejs_eventloop_utilization', 'Share of time the event loop was busy since the last scrape', () => {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, last);
    last = now;
    return utilization;
  });
}
