/** A run that records are sorted into. */
export interface SortedRun {
  key: string;
  /** The agent commands it: it is never found or closed. */
  claimed: boolean;
  /** It has a client whose requests can’t be seen where they are sent. */
  unseenClient?: boolean;
  /** Ms on the records' clock: of the last record, and of the last instant that was promised to be whole. */
  lastAt: number;
  toldAt: number;
  pids: Set<number>;
  /** It records one command: waited for until its process begins, and that one’s pid from then on. */
  recorded?: 'awaited' | number;
}
