import ArgumentParser
import Synfire
