//! The bodies of a request and its answer: a body that does not come is given up, and a connection is busy
//! until its answer has ended.

use std::{
    cell::Cell,
    future::Future as _,
    net::IpAddr,
    pin::Pin,
    rc::Rc,
    sync::Arc,
    task::{Context, Poll},
    time::Instant,
};

use actix_web::{
    Error, HttpMessage as _, HttpResponse,
    body::{BodySize, EitherBody, MessageBody},
    dev::{Payload, RequestHead, ServiceRequest, ServiceResponse},
    error::PayloadError,
    http::{
        Method,
        header::{self, HeaderMap},
    },
    middleware::Next,
    web::Bytes,
};
use futures_util::Stream;
use pin_project_lite::pin_project;
use tokio::time::{Sleep, sleep_until};

use super::{
    limits::Limits,
    pace::{Pace, Patience},
    seats::{Seat, Seats},
    stream::{Activity, Busy},
};

type Answer<B> = ServiceResponse<EitherBody<Held<B>>>;

/// What holds for the requests of a server.
#[derive(Clone)]
pub(super) struct Rules {
    pub(super) limits: Arc<Limits>,
    /// The requests of clients behind trusted proxies.
    pub(super) seats: Arc<Seats>,
}

/// Middleware: watches the bodies of a request and of its answer.
pub(super) async fn watch<B: MessageBody>(
    rules: Rules,
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<Answer<B>, Error> {
    let activity = request.request().conn_data::<Rc<Activity>>().cloned();
    let busy = activity.as_ref().map(Activity::begin);
    if let Some(activity) = activity.as_ref().filter(|_| asks_for_a_tunnel(request.head())) {
        activity.upgrade();
    }
    let Ok(seat) = rules.seat(&request) else {
        let refusal = HttpResponse::TooManyRequests()
            .insert_header((header::RETRY_AFTER, "1"))
            .body("this address has too many requests at once");
        return Ok(request.into_response(refusal).map_into_right_body());
    };
    let gave_up = Rc::new(Cell::new(false));
    if has_body(request.headers()) {
        let pace = rules.limits.pace;
        let body = Arriving::new(request.take_payload(), pace, gave_up.clone(), activity.clone());
        request.set_payload(Payload::from(Box::pin(body) as Pin<Box<dyn Stream<Item = _>>>));
    }
    let answer = next.call(request).await?;
    if gave_up.get() {
        let late = HttpResponse::RequestTimeout()
            .force_close()
            .body("the body of the request did not arrive in time");
        return Ok(answer.into_response(late).map_into_right_body());
    }
    let hold = |_: &mut _, body| Held { body, busy, seat };
    Ok(answer.map_body(hold).map_into_left_body())
}

impl Rules {
    fn seat(&self, request: &ServiceRequest) -> Result<Option<Seat>, ()> {
        let peer = request.peer_addr().map(|peer| peer.ip());
        if !peer.is_some_and(|peer| self.limits.trusts(peer)) {
            return Ok(None);
        }
        match forwarded_for(request.headers()) {
            Some(client) => self.seats.take(Some(client)).map(Some).map_err(drop),
            None => Ok(None),
        }
    }
}

/// The client of a trusted proxy: what the proxy itself has added, which is the last address.
fn forwarded_for(headers: &HeaderMap) -> Option<IpAddr> {
    let last = headers.get_all("x-forwarded-for").last()?.to_str().ok()?;
    last.rsplit(',').next()?.trim().parse().ok()
}

fn asks_for_a_tunnel(head: &RequestHead) -> bool {
    head.upgrade() || head.method == Method::CONNECT
}

fn has_body(headers: &HeaderMap) -> bool {
    let length = headers.get(header::CONTENT_LENGTH).is_some_and(|length| length != "0");
    length || headers.contains_key(header::TRANSFER_ENCODING)
}

/// The body of a request on its way in.
struct Arriving {
    body: Payload,
    patience: Patience,
    timer: Option<Pin<Box<Sleep>>>,
    gave_up: Rc<Cell<bool>>,
    /// Of its connection, until it has arrived.
    activity: Option<Rc<Activity>>,
}

impl Arriving {
    fn new(body: Payload, pace: Pace, gave_up: Rc<Cell<bool>>, activity: Option<Rc<Activity>>) -> Self {
        Self { body, patience: Patience::new(pace), timer: None, gave_up, activity }
    }
}

impl Drop for Arriving {
    fn drop(&mut self) {
        if let Some(activity) = self.activity.take() {
            activity.leave_unread();
        }
    }
}

impl Stream for Arriving {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        match Pin::new(&mut this.body).poll_next(context) {
            Poll::Ready(Some(Ok(chunk))) => {
                this.patience.moved(chunk.len());
                Poll::Ready(Some(Ok(chunk)))
            }
            Poll::Ready(other) => {
                if other.is_none() {
                    this.activity = None;
                }
                Poll::Ready(other)
            }
            Poll::Pending => {
                let deadline = this.patience.waits(Instant::now()).into();
                let timer = this.timer.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
                if timer.deadline() != deadline {
                    timer.as_mut().reset(deadline);
                }
                timer.as_mut().poll(context).map(|()| {
                    this.gave_up.set(true);
                    Some(Err(PayloadError::Io(std::io::ErrorKind::TimedOut.into())))
                })
            }
        }
    }
}

pin_project! {
    /// The body of an answer, with what is held until it has ended.
    pub(super) struct Held<B> {
        #[pin]
        body: B,
        busy: Option<Busy>,
        seat: Option<Seat>,
    }
}

impl<B: MessageBody> MessageBody for Held<B> {
    type Error = B::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        self.project().body.poll_next(context)
    }

    fn try_into_bytes(self) -> Result<Bytes, Self> {
        let Self { body, busy, seat } = self;
        body.try_into_bytes().map_err(|body| Self { body, busy, seat })
    }
}
