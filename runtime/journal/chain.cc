#include "runtime/journal/chain.h"

namespace troupe::journal {
namespace {

constexpr std::uint64_t kNear = 64;
constexpr std::uint64_t kFar = 4096;

}  // namespace

Chain::Back Chain::back() const {
  const std::uint64_t next = frames_ + 1;
  Back back;
  back.one = head_;
  if (next % kNear == 0) back.far64 = last64_;
  if (next % kFar == 0) back.far4096 = last4096_;
  return back;
}

void Chain::append(store::Pos pos) {
  head_ = pos;
  ++frames_;
  if (frames_ % kNear == 0) last64_ = pos;
  if (frames_ % kFar == 0) last4096_ = pos;
}

void Chain::encode(ByteWriter& out) const {
  out.varint(frames_);
  out.varint(head_);
  out.varint(last64_);
  out.varint(last4096_);
}

Chain Chain::decode(ByteReader& in) {
  Chain chain;
  chain.frames_ = in.varint();
  chain.head_ = in.varint();
  chain.last64_ = in.varint();
  chain.last4096_ = in.varint();
  return chain;
}

}  // namespace troupe::journal
