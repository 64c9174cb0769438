import type { DoctorReport } from '@underdock/trace';

/** The ways in, and who is told to make the container on each. */
const VIAS: readonly { name: string; about: string }[] = [
  { name: 'docker', about: 'Docker Engine, then containerd, then the runtime' },
  { name: 'containerd', about: 'containerd itself, as ctr does' },
  { name: 'cri', about: 'as a kubelet does: containerd or CRI-O, in a pod' },
  { name: 'embedded', about: 'underdock’s own small engine, then the runtime' },
  { name: 'oci', about: 'nothing but the runtime: a bundle made by hand' },
];

/** Which road the run takes: those that this host can't take can't be chosen. */
export function ViaChoice(props: {
  doctor: DoctorReport | undefined;
  value: string;
  onChange: (value: string) => void;
}) {
  const { doctor, value, onChange } = props;
  const offered = VIAS.filter(({ name }) => doctor === undefined || doctor.can.vias.includes(name));
  return (
    <fieldset className="runtimes">
      <legend>
        Way in <code>--via</code>
      </legend>
      <label className="switch">
        <input type="radio" name="via" checked={value === ''} onChange={() => onChange('')} />
        unless said{doctor?.can.vias[0] ? `: ${doctor.can.vias[0]}` : ''}
      </label>
      {offered.map(({ name, about }) => (
        <label className="switch" key={name}>
          <input type="radio" name="via" checked={value === name} onChange={() => onChange(name)} />
          <span>
            <code>{name}</code> {about}
          </span>
        </label>
      ))}
    </fieldset>
  );
}
