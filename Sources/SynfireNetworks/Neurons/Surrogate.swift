import SynfireCore

/// The derivative that stands in for that of the spike, as a function of x = potential - threshold.
///
/// Any of them may be used with any spiking model and with every rule that needs a derivative.
public enum Surrogate: BitwiseCopyable, Sendable, Equatable {
  /// 1 / (1 + k |x|)^2 (Zenke & Ganguli 2018, SuperSpike; `fast_sigmoid` of snnTorch has k = 25).
  case fastSigmoid(slope: Double)
  /// gamma max(0, 1 - |x| / width) (Bellec et al. 2018, dampening gamma = 0.3).
  case triangular(dampening: Double, width: Double)
  /// 1 / width where |x| < width / 2, else 0.
  case boxcar(width: Double)
  /// The normal density of the given standard deviation.
  case gaussian(deviation: Double)
  /// k s (1 - s) with s = 1 / (1 + exp(-k x)).
  case sigmoid(slope: Double)

  /// The derivative of SuperSpike: the fast sigmoid, by the name that other tools give it.
  public static func superSpike(slope: Double = 100) -> Surrogate { .fastSigmoid(slope: slope) }

  /// The derivative at the given distance from threshold.
  @inlinable @inline(__always)
  public func derivative<Number: Lanes>(_ x: Number) -> Number {
    switch self {
    case .fastSigmoid(let slope):
      let root = Number.one.addingProduct(Number(slope), x.magnitude)
      return Number.one / (root * root)
    case .triangular(let dampening, let width):
      return Number(dampening) * Number.zero.maximum(Number.one - x.magnitude * Number(1 / width))
    case .boxcar(let width):
      return Number(1 / width).kept(where: Number(width / 2).isGreater(than: x.magnitude))
    case .gaussian(let deviation):
      let exponent = x * x * Number(-0.5 / (deviation * deviation))
      return exponent.exponential() * Number(1 / (deviation * 2.506_628_274_631_000_5))
    case .sigmoid(let slope):
      // Even in x; written with the negative exponent, it cannot overflow.
      let decay = (x.magnitude * Number(-slope)).exponential()
      let root = Number.one + decay
      return Number(slope) * decay / (root * root)
    }
  }

  /// A function whose derivative this is, 1/2 at threshold: the smoothed spike.
  public func primitive(_ x: Double) -> Double {
    switch self {
    case .fastSigmoid(let slope):
      return 0.5 + x / (1 + slope * abs(x))
    case .triangular(let dampening, let width):
      let clamped = min(max(x, -width), width)
      return 0.5 + dampening * (clamped - clamped * abs(clamped) / (2 * width))
    case .boxcar(let width):
      return 0.5 + min(max(x / width, -0.5), 0.5)
    case .gaussian(let deviation):
      return 0.5 * (1 + erf(x / (deviation * 2.0.squareRoot())))
    case .sigmoid(let slope):
      return 1 / (1 + exp(-slope * x))
    }
  }

  /// - Throws: `NetworkError` when the slope, width or deviation is not above 0.
  func validate(place: String) throws {
    let scale: (name: String, value: Double) =
      switch self {
      case .fastSigmoid(let slope), .sigmoid(let slope): ("slope", slope)
      case .triangular(_, let width), .boxcar(let width): ("width", width)
      case .gaussian(let deviation): ("deviation", deviation)
      }
    guard scale.value > 0 else {
      throw NetworkError(
        "the surrogate's \(scale.name) \(scale.value) is not above 0", place: place)
    }
  }
}

extension Lanes {
  /// Every lane equal to a constant that is kept in double precision.
  @inlinable @inline(__always)
  public init(_ constant: Double) { self.init(repeating: Scalar(constant)) }
}
