#include "platform/http/connection.h"

#include <boost/asio/post.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>

#include <array>
#include <limits>
#include <type_traits>

#include "platform/http/events.h"

namespace handschlag::http {
namespace {

namespace net = boost::asio;
namespace beast = boost::beast;
using boost::system::error_code;
using SteadyClock = std::chrono::steady_clock;
using Tls = net::ssl::stream<Tcp>;
using Timer = net::basic_waitable_timer<SteadyClock, net::wait_traits<SteadyClock>, Strand>;
using Parser = beast::http::request_parser<beast::http::string_body>;

constexpr std::size_t kIdleBufferBytes = 4 * 1024;
constexpr std::size_t kBodyBufferBytes = 64 * 1024;
constexpr std::size_t kOneBufferBytes = 16 * 1024;  // of an answer that is copied into one buffer: a TLS record
constexpr std::chrono::seconds kLingerTime{1};      // for a client to read its answer before the connection is cut
constexpr std::chrono::seconds kRefusalTime{2};     // for a client that is one too many to send a head

Tcp& socket_of(Tcp& stream) {
  return stream;
}
Tcp& socket_of(Tls& stream) {
  return stream.next_layer();
}

// "" where the client is already gone.
std::string peer_of(const Tcp& socket) {
  error_code error;
  auto endpoint = socket.remote_endpoint(error);
  return error ? std::string() : endpoint.address().to_string();
}

std::string text_of(beast::string_view view) {
  return {view.data(), view.size()};
}

Head head_of(const Parser& parser, const std::string& peer_address) {
  const auto& message = parser.get();
  Head head;
  head.method = text_of(message.method_string());
  head.target = text_of(message.target());
  for (const auto& field : message) head.headers.emplace_back(text_of(field.name_string()), text_of(field.value()));
  head.minor_version = static_cast<int>(message.version() % 10);
  if (auto length = parser.content_length()) head.content_length = static_cast<std::size_t>(*length);
  head.peer_address = peer_address;
  return head;
}

// The answer to bytes that could not be read as a request; nothing where the client just went away.
std::optional<Response> answer_to(error_code error) {
  if (error.category() != make_error_code(beast::http::error::bad_target).category()) return std::nullopt;
  switch (static_cast<beast::http::error>(error.value())) {
    case beast::http::error::end_of_stream:
    case beast::http::error::partial_message:
      return std::nullopt;
    case beast::http::error::header_limit:
    case beast::http::error::buffer_overflow:
      return Response::problem(431, "head_too_large", "The request line and header fields are too large.");
    case beast::http::error::body_limit:
      return Response::problem(413, "body_too_large", "The body is too large; send it in parts.");
    case beast::http::error::bad_version:
      return Response::problem(505, "version_unknown", "This server speaks HTTP/1.1.");
    default:
      return Response::problem(400, "request_malformed", "This is not a well-formed HTTP request.");
  }
}

// One connection: reads a request, has it handled, writes the answer, and so on; so pipelined requests are answered in
// order. Everything but finish(), abort(), deliver() and wake() runs on the connection's strand. The registry keeps
// the session alive until close(); pending operations keep it a little longer.
template <class Stream>
class Connected final : public Session, public std::enable_shared_from_this<Connected<Stream>> {
 public:
  template <class... Arguments>
  Connected(Core& core, Room room, Arguments&&... arguments)
      : core_(core),
        room_(room),
        stream_(std::forward<Arguments>(arguments)...),
        peer_address_(peer_of(socket_of(stream_))),
        timer_(socket_of(stream_).get_executor()),
        heartbeat_(socket_of(stream_).get_executor()),
        buffer_(core.options.max_header_bytes + kBodyBufferBytes) {
    core_.connections->add(1);
  }
  ~Connected() override {
    charge(0);
    core_.connections->add(-1);
  }

  void start() override {
    waits();
    post([this] {
      if constexpr (std::is_same_v<Stream, Tls>) {
        arm(room_ == Room::yes ? core_.options.header_timeout : kRefusalTime);
        stream_.async_handshake(net::ssl::stream_base::server,
                                then([this](error_code error) { error ? close() : await_request(); }));
      } else {
        await_request();
      }
    });
  }

  void finish() override {
    post([this] {
      finishing_ = true;
      if (phase_ == Phase::events || phase_ == Phase::handshake) close();
      error_code ignored;
      // What already lies in the socket was accepted, even where it was not yet read.
      if (phase_ == Phase::idle && socket_of(stream_).available(ignored) == 0) close();
    });
  }

  void abort() override {
    post([this] { close(); });
  }

 private:
  enum class Phase { handshake, idle, head, body, handler, answer, events, linger, closed };

  template <class Action>
  void post(Action action) {
    net::post(socket_of(stream_).get_executor(), then(std::move(action)));
  }

  // A completion handler that keeps the session alive, and does nothing once it is closed.
  template <class Action>
  auto then(Action action) {
    return [self = this->shared_from_this(), action = std::move(action)](auto... arguments) mutable {
      if (self->phase_ == Phase::closed) return;
      try {
        action(arguments...);
      } catch (...) {
        self->close();  // out of memory, as a rule; nobody else would wake it again
        throw;
      }
    };
  }

  // --- deadlines: one timer, which looks again when it goes off early, so that moving a deadline costs nothing ---

  void arm(SteadyClock::duration duration) {
    deadline_ = SteadyClock::now() + duration;
    if (deadline_ < timer_goes_off_) set_timer();
  }
  void disarm() { deadline_ = SteadyClock::time_point::max(); }

  void set_timer() {
    timer_goes_off_ = deadline_;
    timer_.expires_at(deadline_);
    timer_.async_wait(then([this](error_code error) {
      if (error) return;
      timer_goes_off_ = SteadyClock::time_point::max();
      if (SteadyClock::now() >= deadline_) {
        on_deadline();
      } else if (deadline_ != SteadyClock::time_point::max()) {
        set_timer();
      }
    }));
  }

  void on_deadline() {
    disarm();
    if (phase_ != Phase::head && phase_ != Phase::body) return close();
    timed_out_ = true;  // the read ends with an error, which then is answered
    error_code ignored;
    socket_of(stream_).cancel(ignored);
  }

  // --- reading ---

  void await_request() {
    if (finishing_) return linger();
    waits();
    exchange_.reset();
    parser_.reset();
    timed_out_ = false;
    if (buffer_.size() > 0) return read_head();
    if (buffer_.capacity() > kIdleBufferBytes) buffer_.shrink_to_fit();
    auto first_wait = room_ == Room::yes ? core_.options.header_timeout : kRefusalTime;
    arm(phase_ == Phase::handshake ? first_wait : core_.options.idle_timeout);
    phase_ = Phase::idle;
    stream_.async_read_some(buffer_.prepare(kIdleBufferBytes), then([this](error_code error, std::size_t bytes) {
                              if (error) return close();
                              buffer_.commit(bytes);
                              read_head();
                            }));
  }

  void read_head() {
    waits();
    phase_ = Phase::head;
    arm(core_.options.header_timeout);
    parser_.emplace();
    parser_->header_limit(static_cast<std::uint32_t>(core_.options.max_header_bytes));
    parser_->body_limit(std::numeric_limits<std::uint64_t>::max());  // the exchange says, when the head is known
    beast::http::async_read_header(stream_, buffer_, *parser_, then([this](error_code error, std::size_t bytes) {
                                     core_.received_bytes->add(static_cast<double>(bytes));
                                     error ? on_read_error(error) : on_head(bytes);
                                   }));
  }

  void on_head(std::size_t bytes) {
    // The parser looks at its limit only where the head is not complete, so one that comes in one piece may be larger.
    if (bytes > core_.options.max_header_bytes) return on_read_error(beast::http::error::header_limit);
    minor_version_ = static_cast<int>(parser_->get().version() % 10);
    keep_alive_ = parser_->get().keep_alive();
    exchange_ = std::make_shared<Exchange>(*core_.site, head_of(*parser_, peer_address_));
    auto refusal = exchange_->take_refusal();
    if (room_ == Room::no) {
      keep_alive_ = false;
      refusal = busy();
    }
    if (refusal) {
      // What is left of the body is not read.
      keep_alive_ = keep_alive_ && parser_->is_done() && !exchange_->is_ambiguous();
      return answer(exchange_->finish(std::move(*refusal)));
    }
    if (parser_->is_done()) return run_handler();
    parser_->body_limit(exchange_->max_body_bytes());
    exchange_->expects_continue() ? send_continue() : read_body();
  }

  void send_continue() {
    static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
    arm(core_.options.write_timeout);
    phase_ = Phase::answer;
    net::async_write(stream_, net::buffer(kContinue),
                     then([this](error_code error, std::size_t) { error ? close() : read_body(); }));
  }

  void read_body() {
    waits();
    phase_ = Phase::body;
    arm(core_.options.body_timeout);
    buffer_.reserve(kBodyBufferBytes);
    parser_->eager(true);
    read_more();
  }

  // Piece by piece, so that what many slow bodies take together can be limited.
  void read_more() {
    beast::http::async_read_some(stream_, buffer_, *parser_, then([this](error_code error, std::size_t bytes) {
                                   core_.received_bytes->add(static_cast<double>(bytes));
                                   if (error) return on_read_error(error);
                                   const std::size_t so_far = parser_->get().body().size();
                                   // Small ones, which make way soon, still come through.
                                   if (!charge(so_far) && so_far > kBodyBufferBytes) return refuse_body();
                                   parser_->is_done() ? run_handler() : read_more();
                                 }));
  }

  // Counts so many bytes of the body that this connection reads or sends. False where all bodies together are too much.
  bool charge(std::size_t bytes) {
    const std::size_t before = this->hold(bytes);
    return core_.body_bytes.fetch_add(bytes - before) + bytes - before <= core_.options.max_body_memory;
  }

  void refuse_body() {
    parser_.reset();
    charge(0);
    keep_alive_ = false;
    answer(exchange_->finish(busy()));
  }

  void on_read_error(error_code error) {
    auto response = answer_to(error);
    if (timed_out_) response = Response::problem(408, "request_timeout", "The request took too long to arrive.");
    if (!response) return close();
    if (!exchange_) exchange_ = std::make_shared<Exchange>(*core_.site);
    keep_alive_ = false;
    answer(exchange_->finish(std::move(*response)));
  }

  // --- handling ---

  static Response busy() {
    Error error{ErrorKind::unavailable, "busy", "The server has as much to do as it can take; try again."};
    error.retry_after = std::chrono::seconds{1};
    return Response::problem(error);
  }

  void run_handler() {
    works();
    phase_ = Phase::handler;
    disarm();
    std::string body = std::move(parser_->get().body());
    parser_.reset();
    if (auto refusal = exchange_->refuse_now()) return answer(exchange_->finish(*std::move(refusal)));
    auto send = [gate = core_.gate, weak = this->weak_from_this(), exchange = exchange_](Response response) {
      gate->enter([&] {
        auto self = weak.lock();
        try {
          Response finished = exchange->finish(std::move(response));
          if (self) self->deliver(std::move(finished));
        } catch (...) {
          if (self) self->abort();  // else it would wait for ever
          throw;
        }
      });
    };
    auto defer = [&workers = core_.workers](std::function<void()> task) { return workers.try_post(std::move(task)); };
    if (exchange_->runs_at_once(body.size())) {
      return exchange_->run(std::move(body), Responder(std::move(send), defer));
    }
    auto task = [exchange = exchange_, body = std::move(body), send = std::move(send)]() mutable {
      exchange->run(std::move(body), Responder(std::move(send)));
    };
    if (!core_.workers.try_post(std::move(task))) answer(exchange_->finish(busy()));
  }

  // From any thread.
  void deliver(Response response) {
    post([this, response = std::move(response)]() mutable {
      if (phase_ == Phase::handler) answer(std::move(response));
    });
  }

  // --- answering ---

  // Of net::async_write: goes on until all is written, and gives the client time anew for every piece it takes.
  auto progress() {
    return [this](error_code error, std::size_t) -> std::size_t {
      if (error) return 0;
      arm(core_.options.write_timeout);
      return kBodyBufferBytes;
    };
  }

  void answer(Response response) {
    waits();
    phase_ = Phase::answer;
    response_ = std::move(response);
    const std::size_t size = response_.body.size();
    // Somebody who does not take his answer makes way for it; soon, since thousands may be asked for in a second.
    if (!charge(size) && size > kOneBufferBytes)
      core_.sessions.close_slow(core_.options.patience / 10, kOneBufferBytes);
    if (finishing_ || response_.stream) keep_alive_ = false;
    head_text_ = serialise_head(response_, minor_version_, keep_alive_ ? Connection::keep_alive : Connection::close);
    std::string_view body = exchange_->is_head() ? std::string_view() : std::string_view(response_.body);
    if (head_text_.size() + body.size() <= kOneBufferBytes) head_text_.append(std::exchange(body, {}));
    std::array<net::const_buffer, 2> buffers = {net::buffer(head_text_), net::buffer(body.data(), body.size())};
    net::async_write(stream_, buffers, progress(), then([this](error_code error, std::size_t bytes) {
                       core_.sent_bytes->add(static_cast<double>(bytes));
                       error ? close() : on_answered();
                     }));
  }

  void on_answered() {
    disarm();
    if (response_.stream && !exchange_->is_head()) return begin_events();
    response_ = {};
    charge(0);
    keep_alive_ ? await_request() : linger();
  }

  // Closing with unread bytes in the socket resets the connection, and the client may lose its answer. So the sending
  // side is closed first, and what still comes is read and thrown away for a while.
  void linger() {
    phase_ = Phase::linger;
    arm(kLingerTime);
    if constexpr (std::is_same_v<Stream, Tls>) {
      stream_.async_shutdown(then([this](error_code) { drain_socket(); }));
    } else {
      drain_socket();
    }
  }

  void drain_socket() {
    error_code ignored;
    socket_of(stream_).shutdown(net::ip::tcp::socket::shutdown_send, ignored);
    discard();
  }

  void discard() {
    socket_of(stream_).async_read_some(net::buffer(discarded_),
                                       then([this](error_code error, std::size_t) { error ? close() : discard(); }));
  }

  // --- server-sent events ---

  void begin_events() {
    if (finishing_) return close();
    works();
    phase_ = Phase::events;
    auto wake = [gate = core_.gate, weak = this->weak_from_this()] {
      gate->enter([&] {
        if (auto self = weak.lock()) self->post([session = self.get()] { session->flush_events(); });
      });
    };
    events_ = std::make_shared<EventQueue>(std::move(wake));
    auto task = [events = events_, start = std::move(response_.stream)] { start(events); };
    if (!core_.workers.try_post(std::move(task))) return close();
    watch_client();
    beat();
  }

  // A client that goes is noticed by reading; what it sends is not wanted.
  void watch_client() {
    stream_.async_read_some(net::buffer(discarded_),
                            then([this](error_code error, std::size_t) { error ? close() : watch_client(); }));
  }

  void beat() {
    heartbeat_.expires_after(core_.options.heartbeat);
    heartbeat_.async_wait(then([this](error_code error) {
      if (error || phase_ != Phase::events) return;
      if (event_text_.empty()) write_events(std::string(kHeartbeat));
      beat();
    }));
  }

  void flush_events() {
    if (phase_ != Phase::events) return;
    if (events_->closed()) return close();  // the client reads too slowly
    if (!event_text_.empty()) return;
    std::string text = events_->take();
    if (!text.empty()) write_events(std::move(text));
  }

  void write_events(std::string text) {
    event_text_ = std::move(text);
    net::async_write(stream_, net::buffer(event_text_), progress(), then([this](error_code error, std::size_t bytes) {
                       core_.sent_bytes->add(static_cast<double>(bytes));
                       if (error) return close();
                       disarm();
                       event_text_.clear();
                       flush_events();
                     }));
  }

  void close() {
    if (phase_ == Phase::closed) return;
    phase_ = Phase::closed;
    if (events_) events_->close();
    error_code ignored;
    timer_.cancel(ignored);
    heartbeat_.cancel(ignored);
    socket_of(stream_).close(ignored);
    core_.sessions.remove(this);
    core_.on_closed();
  }

  Core& core_;
  const Room room_;
  Stream stream_;
  const std::string peer_address_;
  Timer timer_;
  Timer heartbeat_;
  SteadyClock::time_point deadline_ = SteadyClock::time_point::max();
  SteadyClock::time_point timer_goes_off_ = SteadyClock::time_point::max();
  beast::flat_buffer buffer_;
  std::optional<Parser> parser_;
  std::shared_ptr<Exchange> exchange_;
  Response response_;
  std::string head_text_;
  std::shared_ptr<EventQueue> events_;
  std::string event_text_;  // being written; empty when nothing is
  std::array<char, 1024> discarded_;
  int minor_version_ = 1;
  Phase phase_ = Phase::handshake;
  bool keep_alive_ = false;
  bool finishing_ = false;
  bool timed_out_ = false;
};

}  // namespace

std::shared_ptr<Session> make_connection(Core& core, Tcp socket, Room room) {
  if (auto tls = core.certificate()) return std::make_shared<Connected<Tls>>(core, room, std::move(socket), *tls);
  return std::make_shared<Connected<Tcp>>(core, room, std::move(socket));
}

}  // namespace handschlag::http
