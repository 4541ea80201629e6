/** Why the service can't start, in words that tell its operator what to do. */
export class StartRefused extends Error {}
