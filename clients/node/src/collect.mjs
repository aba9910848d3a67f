/** All rows of a stream. */
export async function collect(stream) {
  const rows = [];
  for await (const row of stream) rows.push(row);
  return rows;
}
