/** A trace that the agent keeps, as its list shows it. */
export interface RecordedTraceListing {
  id: string;
  title: string;
  startedAt: string;
}

/** The entries of what `GET api/traces` answers; what is none is passed over. */
export function recordedList(answer: unknown): RecordedTraceListing[] {
  return Array.isArray(answer) ? answer.filter(isListing) : [];
}

function isListing(entry: unknown): entry is RecordedTraceListing {
  const { id, title, startedAt } = (entry ?? {}) as Record<string, unknown>;
  return typeof id === 'string' && typeof title === 'string' && typeof startedAt === 'string';
}
