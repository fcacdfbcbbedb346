//===- Device.cpp - Questions about a device ------------------------------===//

#include "rac/Cost/Device.h"
#include "DeviceFields.h"
#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace rac;

const ComputeUnit *Device::unit(UnitKind kind) const {
  auto it = llvm::find_if(
      units, [&](const ComputeUnit &unit) { return unit.kind == kind; });
  return it == units.end() ? nullptr : &*it;
}

const MemoryLevel *Device::level(llvm::StringRef name) const {
  auto it = llvm::find_if(
      memory, [&](const MemoryLevel &level) { return level.name == name; });
  return it == memory.end() ? nullptr : &*it;
}

double Device::rateOfF32(const ComputeUnit &unit, DataType type) const {
  Known f32 = peakOpsPerSecond(unit, DataType::f32),
        own = peakOpsPerSecond(unit, type);
  return f32 && own ? f32->v / own->v : 1;
}

bool Device::computesIn(DataType type) const {
  return llvm::any_of(units, [&](const ComputeUnit &unit) {
    return bool(peakOpsPerSecond(unit, type));
  });
}

Known Device::peakOpsPerSecond(const ComputeUnit &unit, DataType type) const {
  auto rate = unit.opsPerClock.find(type);
  const Known &clock = unit.clockHz ? unit.clockHz : clocks.baseHz;
  if (rate == unit.opsPerClock.end() || !rate->second || !clock)
    return std::nullopt;
  Number peak;
  peak.v = rate->second->v * clock->v;
  peak.how = Origin::derived;
  peak.src = "ops per clock (" + rate->second->src + ") times clock (" +
             clock->src + ")";
  peak.unc = (1 + rate->second->unc) * (1 + clock->unc) - 1;
  return peak;
}

double Unknowns::valueOr(const Known &number, const llvm::Twine &what,
                         double instead, const llvm::Twine &why) {
  if (number)
    return number->v;
  add(what, instead, why);
  return instead;
}

void Unknowns::add(const llvm::Twine &what, double instead,
                   const llvm::Twine &why) {
  std::string name = what.str();
  if (llvm::none_of(standIns, [&](const StandIn &s) { return s.what == name; }))
    standIns.push_back({std::move(name), instead, why.str()});
}

template <typename E> static llvm::StringRef name(E value) {
  return EnumNames<E>::list[static_cast<unsigned>(value)];
}
llvm::StringRef rac::nameOf(Origin value) { return name(value); }
llvm::StringRef rac::nameOf(EnergyScope value) { return name(value); }
llvm::StringRef rac::nameOf(DeviceKind value) { return name(value); }
llvm::StringRef rac::nameOf(UnitKind value) { return name(value); }
llvm::StringRef rac::nameOf(LevelKind value) { return name(value); }
llvm::StringRef rac::nameOf(LevelScope value) { return name(value); }
llvm::StringRef rac::nameOf(MeterKind value) { return name(value); }
llvm::StringRef rac::nameOf(DataType value) { return name(value); }

std::optional<DataType> rac::dataTypeOf(mlir::Type type) {
  if (auto floating = mlir::dyn_cast<mlir::FloatType>(type))
    return llvm::TypeSwitch<mlir::Type, std::optional<DataType>>(floating)
        .Case([](mlir::Float64Type) { return DataType::f64; })
        .Case([](mlir::Float32Type) { return DataType::f32; })
        .Case([](mlir::FloatTF32Type) { return DataType::tf32; })
        .Case([](mlir::BFloat16Type) { return DataType::bf16; })
        .Case([](mlir::Float16Type) { return DataType::f16; })
        .Default([&](mlir::Type) -> std::optional<DataType> {
          if (floating.getWidth() == 8)
            return DataType::f8;
          return std::nullopt;
        });
  if (auto integer = mlir::dyn_cast<mlir::IntegerType>(type))
    switch (integer.getWidth()) {
    case 4:
      return DataType::i4;
    case 8:
      return DataType::i8;
    case 16:
      return DataType::i16;
    case 32:
      return DataType::i32;
    }
  return std::nullopt;
}
