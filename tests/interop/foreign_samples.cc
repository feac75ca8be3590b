#include "interop/foreign_samples.h"

#include <cstddef>
#include <utility>

namespace zklock::test {
namespace {

using namespace std::chrono_literals;
using std::string_literals::operator""s;

constexpr bool kTtl = true;
constexpr bool kNoTtl = false;

std::string object(const std::string& deadline, const std::string& more = R"(,"owner_id":"a")") {
  return R"({"timestamp":"2026-11-23T08:43:32Z","ttl_deadline":)" + deadline + more + "}";
}
std::string with_deadline(const std::string& deadline) { return object("\"" + deadline + "\""); }
/// The members are right, and these come after them.
std::string with(const std::string& more) { return object(R"("2026-11-23T08:44:02Z")", more); }

std::string nested(std::size_t depth) {
  return with(R"(,"more":)" + std::string(depth, '[') + std::string(depth, ']'));
}

using Samples = std::vector<ForeignSample>;

/// Deadlines that kafka-kit waits for.
Samples deadlines_to_wait_for() {
  const Verdict waits = Verdict::waits;
  return {
      {"Plain", with_deadline("2026-11-23T08:44:02Z"), waits, kTtl},
      {"Milliseconds", with_deadline("2026-11-23T08:44:02.000Z"), waits, kTtl},
      {"NineDigits", with_deadline("2026-11-23T08:44:02.000000000Z"), waits, kTtl},
      {"TwelveDigits", with_deadline("2026-11-23T08:44:02.000000000999Z"), waits, kTtl},
      {"CommaFraction", with_deadline("2026-11-23T08:44:02,000Z"), waits, kTtl},
      {"PlusZero", with_deadline("2026-11-23T08:44:02+00:00"), waits, kTtl},
      {"MinusZero", with_deadline("2026-11-23T08:44:02-00:00"), waits, kTtl},
      {"EastOfGreenwich", with_deadline("2026-11-23T14:14:02+05:30"), waits, kTtl},
      {"WestOfGreenwich", with_deadline("2026-11-23T03:44:02-05:00"), waits, kTtl},
      {"HourOfOneDigit", with_deadline("2026-11-23T9:44:02Z"), waits, kNoTtl},
      {"EndOfTime", with_deadline("9999-12-31T23:59:59Z"), waits, kNoTtl},
      {"VeryEndOfTime", with_deadline("9999-12-31T23:59:59.999999999Z"), waits, kNoTtl},
  };
}

/// What is odd about the object, but does not matter to kafka-kit.
Samples odd_objects() {
  const Verdict waits = Verdict::waits;
  return {
      {"FurtherFields", with(R"(,"extra":1,"more":{"ttl_deadline":"x","deep":[{"a":[]}]})"), waits,
       kTtl},
      {"KeysInCapitals",
       R"({"TIMESTAMP":"2026-11-23T08:43:32Z","Ttl_Deadline":"2026-11-23T08:44:02Z"})", waits,
       kTtl},
      {"NullOwner", with(R"(,"owner_id":null)"), waits, kTtl},
      {"NoOwner", with(""), waits, kTtl},
      {"TrailingNewline", with("") + "\n", waits, kTtl},
      {"InvalidUtf8", with(",\"owner_id\":\"a\xff\xc3\""), waits, kTtl},
      {"LastDuplicateFine",
       R"({"ttl_deadline":"2026-11-23T08:00:00Z","timestamp":"2026-11-23T08:43:32Z",)"
       R"("ttl_deadline":"2026-11-23T08:44:02Z"})",
       waits, kTtl},
      {"DuplicateNull", with(R"(,"ttl_deadline":null)"), waits, kNoTtl},
      {"LongOwner", with(R"(,"owner_id":")" + std::string(50'000, 'a') + "\""), waits, kTtl},
      {"NestedDeep", nested(1'000), waits, kNoTtl},
      {"Megabyte", with(R"(,"more":")" + std::string(1'000'000, 'a') + "\""), waits, kNoTtl},
  };
}

/// What kafka-kit takes for a claim whose time is over.
Samples to_purge() {
  const Verdict purges = Verdict::purges;
  return {
      {"PastDeadline", with_deadline("2026-11-23T08:00:00Z"), purges, kNoTtl},
      {"ZeroTime", with_deadline("0001-01-01T00:00:00Z"), purges, kNoTtl},
      {"YearZero", with_deadline("0000-01-01T00:00:00Z"), purges, kNoTtl},
      {"LastDuplicatePast", with(R"(,"ttl_deadline":"2026-11-23T08:00:00Z")"), purges, kNoTtl},
      {"LastDuplicatePastInCapitals", with(R"(,"TTL_DEADLINE":"2026-11-23T08:00:00Z")"), purges,
       kNoTtl},
      {"EmptyObject", "{}", purges, kNoTtl},
      {"Null", "null", purges, kNoTtl},
      {"OwnerOnly", R"({"owner_id":"a"})", purges, kNoTtl},
      {"NullDeadline", object("null"), purges, kNoTtl},
      {"NullTimes", R"({"timestamp":null,"ttl_deadline":null})", purges, kNoTtl},
      {"KafkaKitWithoutTtl", kafka_kit_data(kSampleTime, kSampleTime + 71ns), purges, kNoTtl},
  };
}

/// Other libraries' data, and what is no JSON object.
Samples no_objects() {
  const Verdict fails = Verdict::fails;
  return {
      {"Empty", "", fails, kNoTtl},
      {"AddressOfCurator", "10.0.0.7", fails, kNoTtl},
      {"RevokedByCurator", "__REVOKE__", fails, kNoTtl},
      {"IdentifierOfKazoo", "worker 7 on db7", fails, kNoTtl},
      {"BytesOfWriteLock", "\x12\x34", fails, kNoTtl},
      {"Binary", "\x00\xff\xfe\x80\x01{}\x7f"s, fails, kNoTtl},
      {"Number", "17", fails, kNoTtl},
      {"HugeNumber", "1e999", fails, kNoTtl},
      {"String", "\"text\"", fails, kNoTtl},
      {"Array", "[" + with("") + "]", fails, kNoTtl},
      {"True", "true", fails, kNoTtl},
      {"TwoObjects", with("") + with(""), fails, kNoTtl},
      {"CutShort", with("").substr(0, 60), fails, kNoTtl},
      {"TrailingComma", with(","), fails, kNoTtl},
      {"Comment", "/* none */" + with(""), fails, kNoTtl},
      {"TrailingNul", with("") + '\0', fails, kNoTtl},
      {"NulWithin", with(",\"owner_id\":\"a\0b\""s), fails, kNoTtl},
      {"ControlCharacter", with(",\"owner_id\":\"a\nb\""), fails, kNoTtl},
      {"ByteOrderMark", "\xef\xbb\xbf" + with(""), fails, kTtl},
      {"BracesWithoutEnd", std::string(1'000'000, '{'), fails, kNoTtl},
      {"NestedTooDeep", nested(100'000), fails, kNoTtl},
      {"MegabyteOfNothing", std::string(1'000'000, '\0'), fails, kNoTtl},
  };
}

/// Members that kafka-kit does not take; we may read more of them.
Samples wrong_members() {
  const Verdict fails = Verdict::fails;
  return {
      {"OffsetWithoutColon", with_deadline("2026-11-23T08:44:02+0000"), fails, kNoTtl},
      {"NoZone", with_deadline("2026-11-23T08:44:02"), fails, kNoTtl},
      {"SpaceForT", with_deadline("2026-11-23 08:44:02Z"), fails, kNoTtl},
      {"SmallT", with_deadline("2026-11-23t08:44:02Z"), fails, kTtl},
      {"SmallZ", with_deadline("2026-11-23T08:44:02z"), fails, kTtl},
      {"LeapSecond", with_deadline("2026-12-31T23:59:60Z"), fails, kNoTtl},
      {"Hour24", with_deadline("2026-11-23T24:00:00Z"), fails, kNoTtl},
      {"NoSuchDay", with_deadline("2026-11-31T08:44:02Z"), fails, kNoTtl},
      {"Year10000", with_deadline("10000-01-01T00:00:00Z"), fails, kNoTtl},
      {"EpochNumber", object("1795416242"), fails, kNoTtl},
      {"NegativeNumber", object("-1"), fails, kNoTtl},
      {"EmptyDeadline", with_deadline(""), fails, kNoTtl},
      {"DeadlineInAnObject", object(R"({"ttl_deadline":"2026-11-23T08:44:02Z"})"), fails, kNoTtl},
      {"DeadlineInAnArray", object(R"(["2026-11-23T08:44:02Z"])"), fails, kNoTtl},
      {"BadTimestamp", R"({"timestamp":"yesterday","ttl_deadline":"2026-11-23T08:44:02Z"})", fails,
       kNoTtl},
      {"FirstDuplicateBad", R"({"ttl_deadline":"x",)" + with("").substr(1), fails, kTtl},
      {"OwnerIsANumber", with(R"(,"owner_id":7)"), fails, kTtl},
      {"OwnerIsAnObject", with(R"(,"owner_id":{})"), fails, kTtl},
  };
}

}  // namespace

const std::vector<ForeignSample>& foreign_samples() {
  static const Samples all = [] {
    Samples samples;
    for (Samples part :
         {deadlines_to_wait_for(), odd_objects(), to_purge(), no_objects(), wrong_members()}) {
      for (ForeignSample& sample : part) samples.push_back(std::move(sample));
    }
    return samples;
  }();
  return all;
}

}  // namespace zklock::test
