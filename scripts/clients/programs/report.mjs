// The line every client program prints, and the call every one makes with its token; see ../README.md.

export function report(obtained, used, detail) {
  console.log([obtained, used, String(detail).replace(/\s+/g, ' ')].join('\t'));
}

/** An error with all its causes in one line. */
export function chain(error) {
  const texts = [];
  for (let cause = error; cause instanceof Error && texts.length < 8; cause = cause.cause) texts.push(cause.message);
  return texts.join(': ');
}

/** Calls a resource and reports whether the token opened it. */
export async function use(call) {
  try {
    const response = await call();
    report('yes', response.status === 200 ? 'yes' : 'no', response.status);
  } catch (error) {
    report('yes', 'no', chain(error));
  }
}
