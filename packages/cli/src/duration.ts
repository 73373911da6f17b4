/** Seconds as clocks show them: `75` is "1:15", `3600` is "1:00:00". */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (part: number): string => String(part).padStart(2, '0');
  return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

/** Milliseconds as seconds with a tenth: `4234` is "4.2 s". */
export const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
