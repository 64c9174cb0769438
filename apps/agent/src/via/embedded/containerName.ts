/** A name for a container without one: an adjective and a noun of the harbour. Tries again while `taken` says so. */
export function generateName(taken: (name: string) => boolean, random: () => number = Math.random): string {
  const pick = (words: readonly string[]) => words[Math.floor(random() * words.length)] ?? 'plain';
  for (let tries = 0; tries < 50; tries++) {
    const name = `${pick(ADJECTIVES)}-${pick(NOUNS)}`;
    if (!taken(name)) return name;
  }
  for (let number = 2; ; number++) {
    const name = `${pick(ADJECTIVES)}-${pick(NOUNS)}-${number}`;
    if (!taken(name)) return name;
  }
}

const ADJECTIVES = [
  'able', 'amber', 'brave', 'bright', 'brisk', 'calm', 'clear', 'copper', 'crisp', 'deep', 'early', 'fair', 'fresh',
  'gentle', 'golden', 'green', 'grey', 'happy', 'honest', 'keen', 'kind', 'light', 'lively', 'lucky', 'mellow', 'mild',
  'neat', 'nimble', 'noble', 'patient', 'plain', 'proud', 'quick', 'quiet', 'rapid', 'red', 'silent', 'silver', 'slow',
  'small', 'smooth', 'steady', 'still', 'sturdy', 'sunny', 'swift', 'tidy', 'warm', 'white', 'wise',
]; // biome-ignore format: word lists read better in rows

const NOUNS = [
  'anchor',
  'barge',
  'basin',
  'bay',
  'beacon',
  'berth',
  'boat',
  'bollard',
  'breeze',
  'bridge',
  'buoy',
  'cable',
  'canal',
  'captain',
  'cargo',
  'clipper',
  'coast',
  'compass',
  'crane',
  'crate',
  'current',
  'deck',
  'dinghy',
  'dolphin',
  'ferry',
  'gull',
  'harbour',
  'hatch',
  'heron',
  'island',
  'jetty',
  'keel',
  'lagoon',
  'lantern',
  'lighthouse',
  'mast',
  'oar',
  'otter',
  'pier',
  'pilot',
  'quay',
  'raft',
  'reef',
  'rope',
  'rudder',
  'sail',
  'seal',
  'tide',
  'tugboat',
  'wharf',
];
