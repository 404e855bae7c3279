//! Bodies, read to their end.

use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};

use bytes::{Buf, BufMut, Bytes, BytesMut};
use http_body::Body;
use http_body_util::LengthLimitError;

use crate::service::BoxError;

/// Why a body was not read.
#[derive(Debug)]
pub(crate) enum Unread {
    /// It is larger than the limit.
    TooLarge,
    /// It failed.
    Failed(BoxError),
}

impl Unread {
    pub(crate) fn of(error: impl Into<BoxError>) -> Self {
        let error = error.into();
        // It may have a limit of its own.
        if error.is::<LengthLimitError>() { Self::TooLarge } else { Self::Failed(error) }
    }
}

/// What was read of a body.
///
/// Most bodies come in one piece, which is kept as it is.
#[derive(Debug, Default)]
pub(crate) struct Gathered {
    /// The only piece so far.
    one: Bytes,
    /// All pieces, once there are several.
    several: BytesMut,
}

impl Gathered {
    /// Reads on to the end of the body.
    pub(crate) fn poll<B>(
        &mut self,
        mut body: Pin<&mut B>,
        limit: usize,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Bytes, Unread>>
    where
        B: Body,
        B::Error: Into<BoxError>,
    {
        while !body.is_end_stream() {
            match ready!(body.as_mut().poll_frame(cx)) {
                None => break,
                Some(Err(error)) => return Poll::Ready(Err(Unread::of(error))),
                // Trailers end with the connection they came on.
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        self.push(data, limit)?;
                    }
                }
            }
        }
        Poll::Ready(Ok(self.take()))
    }

    fn push(&mut self, mut data: impl Buf, limit: usize) -> Result<(), Unread> {
        let length = data.remaining();
        if length > limit.saturating_sub(self.one.len() + self.several.len()) {
            return Err(Unread::TooLarge);
        }
        if self.one.is_empty() && self.several.is_empty() {
            self.one = data.copy_to_bytes(length);
            return Ok(());
        }
        if self.several.is_empty() {
            self.several = BytesMut::from(std::mem::take(&mut self.one));
        }
        self.several.put(data);
        Ok(())
    }

    fn take(&mut self) -> Bytes {
        match self.several.is_empty() {
            true => std::mem::take(&mut self.one),
            false => std::mem::take(&mut self.several).freeze(),
        }
    }
}

/// A body to its end; one that is over already costs nothing.
pub(crate) async fn read<B>(body: B, limit: usize) -> Result<Bytes, Unread>
where
    B: Body,
    B::Error: Into<BoxError>,
{
    let mut body = pin!(body);
    let mut gathered = Gathered::default();
    std::future::poll_fn(|cx| gathered.poll(body.as_mut(), limit, cx)).await
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::io;

    use http::HeaderMap;
    use http_body::Frame;
    use http_body_util::{Full, Limited};

    use super::*;

    /// A body in pieces, with a wait before each.
    struct Pieces(VecDeque<Result<Frame<Bytes>, io::Error>>, bool);

    impl Body for Pieces {
        type Data = Bytes;
        type Error = io::Error;

        fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
            self.1 = !self.1;
            if self.1 {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            Poll::Ready(self.0.pop_front())
        }
    }

    fn pieces(texts: &[&'static str]) -> Pieces {
        let frames = texts.iter().map(|text| Ok(Frame::data(Bytes::from_static(text.as_bytes()))));
        Pieces(frames.chain([Ok(Frame::trailers(HeaderMap::new()))]).collect(), false)
    }

    #[tokio::test]
    async fn pieces_are_put_together_up_to_the_limit() {
        for (texts, want) in [
            (&[][..], Some("")),
            (&["", ""], Some("")),
            (&["abc"], Some("abc")),
            (&["", "abc"], Some("abc")),
            (&["a", "", "bc"], Some("abc")),
            (&["a", "b", "c"], Some("abc")),
            (&["abcd"], None),
            (&["ab", "cd"], None),
            (&["a", "b", "c", "d"], None),
        ] {
            match (read(pieces(texts), 3).await, want) {
                (Ok(bytes), Some(want)) => assert_eq!(bytes, want, "{texts:?}"),
                (Err(Unread::TooLarge), None) => {}
                (got, _) => panic!("{texts:?}: {got:?}"),
            }
        }
    }

    #[tokio::test]
    async fn a_body_in_one_piece_is_not_copied() {
        let bytes = Bytes::from("abc".to_owned());
        assert_eq!(read(Full::new(bytes.clone()), 3).await.unwrap().as_ptr(), bytes.as_ptr());
    }

    #[tokio::test]
    async fn failures_are_told_from_limits() {
        let mut failing = pieces(&["a"]);
        failing.0.push_back(Err(io::Error::other("gone")));
        assert!(matches!(read(failing, 3).await, Err(Unread::Failed(_))));
        assert!(matches!(read(Limited::new(pieces(&["abc"]), 2), 3).await, Err(Unread::TooLarge)));
    }
}
