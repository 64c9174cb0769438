/** Why something can’t be shown, in the agent’s words. */
export function Trouble({ message, remedy }: { message: string; remedy?: string | undefined }) {
  return (
    <p className="tree-note" role="status">
      <strong>{message.charAt(0).toUpperCase() + message.slice(1)}.</strong>{' '}
      {remedy && `${remedy.charAt(0).toUpperCase()}${remedy.slice(1)}${remedy.endsWith('.') ? '' : '.'}`}
    </p>
  );
}
