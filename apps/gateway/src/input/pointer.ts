/** The JSON pointer (RFC 6901) to a field of an input. */
export const pointerTo = (name: string): string => `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
