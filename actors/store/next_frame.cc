#include "actors/store/next_frame.h"

#include "runtime/journal/frame.h"

namespace troupe::actors {

store::Frame next_frame(const Services& services, run::State& state,
                        const std::vector<run::Record>& list, store::Pos pos) {
  std::string records;
  std::uint32_t events = 0;
  for (const run::Record& record : list) {
    run::encode(record, records);
    const bool twice = services.options.bugs.accept_second_result &&
                       std::holds_alternative<run::record::StepFinished>(record);
    if (twice) run::encode(record, records);
    events += run::event_count(record);
  }
  journal::Header header;
  header.number = state.chain.frames() + 1;
  header.record_count = static_cast<std::uint32_t>(list.size());
  header.first_record = state.records - header.record_count + 1;
  header.event_count = events;
  header.first_seq = state.seq - events + 1;
  header.back = state.chain.back();
  state.chain.append(pos);
  return {pos, state.id, cluster::hash_of(state.id), journal::encode_frame(header, records)};
}

}  // namespace troupe::actors
