/** The `edtf` package ships no types. `min` and `max` are milliseconds since 1970 UTC. */
declare module 'edtf' {
  export default function edtf(text: string): { type: string; min: number; max: number };
}
